import type { FromProxy, ToProxy } from './messages.ts';
import { ProjectProxy } from './project-proxy.ts';
import type { EgressRules } from './rules.ts';

/**
 * The egress proxy: a process of its own, since it talks to what containers choose. It is told
 * everything over the IPC channel and ends with it, so that it never outlives the orchestrator.
 */
const proxies = new Map<number, ProjectProxy>();
/** One object for all proxies: it is changed, not replaced. */
const rules: EgressRules = { ports: [], privateHosts: [], refusedNetworks: [], upstreamProxy: null };
/** One order after the other: a project's socket may be closed and opened again at once. */
let last: Promise<void> = Promise.resolve();

process.on('message', (message: ToProxy) => {
  last = last.then(() => obey(message));
});
process.on('disconnect', () => process.exit(0));

async function obey(message: ToProxy): Promise<void> {
  if (message.kind === 'configure') {
    Object.assign(rules, message.rules);
    return;
  }
  const error = await carryOut(message).then(
    () => null,
    (failure: unknown) => String(failure),
  );
  tell({ kind: 'done', id: message.id, error });
}

async function carryOut(message: Exclude<ToProxy, { kind: 'configure' }>): Promise<void> {
  const { projectId } = message;
  if (message.kind === 'policy') {
    proxies.get(projectId)?.setPolicy(message.policy);
    return;
  }
  await proxies.get(projectId)?.[Symbol.asyncDispose]();
  proxies.delete(projectId);
  if (message.kind === 'close') return;
  const { policy } = message;
  const proxy = new ProjectProxy({
    projectId,
    policy,
    rules,
    refused: (refusal) => tell({ kind: 'refused', refusal }),
  });
  await proxy.listen(message.socketPath);
  proxies.set(projectId, proxy);
}

function tell(message: FromProxy): void {
  if (process.connected) process.send?.(message);
}
