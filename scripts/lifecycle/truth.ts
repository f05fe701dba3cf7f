import { setTimeout as sleep } from 'node:timers/promises';
import type { House } from '../kill/house.ts';
import { folderOf, inventoryOf, type Inventory } from './inventory.ts';

interface Row {
  id: number;
  state: string;
  containerId: string | null;
  volume: string;
  isDeleted: boolean;
}

const ROWS = `SELECT id, state, "containerId", "workspacePath" AS volume, "deletedAt" IS NOT NULL AS "isDeleted"
  FROM "Project"`;

/** Until whatever is counted or cleared is done, ms. */
const HELPER_MS = 30_000;

/** States in which a project has no container. */
const AT_REST = new Set(['absent', 'asleep', 'needs_attention']);

/**
 * Whatever does not fit between the rows of an installation and what its runtime has, as sentences: containers,
 * volumes and socket folders of nobody, two containers of one project, states that are not so.
 */
export async function untruths(house: House): Promise<string[]> {
  const rows = await house.query<Row>(ROWS);
  const installation = await house.installation();
  const found = await inventoryOf(house, installation);
  for (const until = Date.now() + HELPER_MS; found.helpers.length > 0; await sleep(200)) {
    if (Date.now() > until) return found.helpers.map((id) => `${id} was left by a helper.`);
    const { helpers } = await inventoryOf(house, installation);
    found.helpers = found.helpers.filter((id) => helpers.includes(id));
  }
  return [...orphans(house, rows, found), ...rows.flatMap((row) => liesOf(row, found))];
}

function orphans(house: House, rows: readonly Row[], found: Inventory): string[] {
  const { containers, volumes, folders, strays } = found;
  const living = rows.filter(({ isDeleted }) => !isDeleted);
  const named = new Set(living.map(({ containerId }) => containerId));
  const known = new Set(rows.map(({ volume }) => volume));
  const used = new Set(containers.map((container) => folderOf(house, container)));
  const projects = containers.map(({ projectId }) => projectId);
  return [
    ...containers.filter(({ id }) => !named.has(id)).map(({ id }) => `Container ${id} is nobody's.`),
    ...projects.filter((id, at) => projects.indexOf(id) !== at).map((id) => `Project ${id} has two containers.`),
    ...volumes.filter((volume) => !known.has(volume)).map((volume) => `Volume ${volume} is nobody's.`),
    ...folders.filter((folder) => !used.has(folder)).map((folder) => `Socket folder ${folder} is nobody's.`),
    ...strays.map((id) => `${id} is nobody's.`),
  ];
}

function liesOf({ id, state, containerId }: Row, { containers }: Inventory): string[] {
  const container = containers.find((each) => each.id === containerId);
  const is = container === undefined ? 'no container' : `a container that is ${container.status}`;
  const isTrue = AT_REST.has(state) ? containerId === null : container?.status === state;
  return isTrue ? [] : [`Project ${id} is said to be ${state}, and has ${is}.`];
}
