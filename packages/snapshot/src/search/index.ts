export * from './glob.ts';
export * from './run-search.ts';
export * from './search-limit.ts';
