/**
 * What the bundle takes of node:http (build.ts puts this in its place). The module itself would run all its getters when it
 * is imported, and one of them loads the whole of fetch: 35 ms of every start.
 */
const http = process.getBuiltinModule('node:http');

export const { IncomingMessage } = http;
export default http;
