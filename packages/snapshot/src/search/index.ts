export * from './run-search.ts';
export * from './search-limit.ts';
