import { defineParams } from '@sveltejs/kit/params';

const MOST = 2_147_483_647;

export const params = defineParams({
  /** The id of a project, the number of a version. */
  count: (text) => (/^[1-9]\d{0,9}$/.test(text) && Number(text) <= MOST ? Number(text) : undefined),
});
