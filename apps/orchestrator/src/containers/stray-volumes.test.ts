import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { testOrchestrator } from '@rose/testing';
import { expect, it, vi } from 'vitest';

it('volumes that no project names go by gc of an administrator, once they are seven days old', async () => {
  await using house = await testOrchestrator({ config: { runtime: 'process' } });
  const ada = await house.signUp('Ada');
  const grace = await house.signUp('Grace');
  const project = await ada.rose.projects.create.mutate({ name: 'known' });
  await ada.rose.containers.stop.mutate({ projectId: project.id });
  await mkdir(path.join(house.config.dataDir, 'volumes/stray'), { recursive: true });
  const names = async () => (await house.context.runtime.listVolumes()).map(({ volume }) => volume);
  const collect = (rose = ada.rose, dryRun = false) => rose.store.collect.mutate({ dryRun });

  expect((await collect()).volumes).toEqual({ removed: [], kept: ['stray'] });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 8 * 24 * 60 * 60_000 });
  try {
    expect((await collect(grace.rose)).volumes).toEqual({ removed: [], kept: [] });
    expect((await collect(ada.rose, true)).volumes).toEqual({ removed: ['stray'], kept: [] });
    expect(await names()).toContain('stray');
    expect((await collect()).volumes).toEqual({ removed: ['stray'], kept: [] });
  } finally {
    vi.useRealTimers();
  }
  expect(await names()).toHaveLength(1);
});
