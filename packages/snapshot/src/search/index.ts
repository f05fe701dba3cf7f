export * from './glob.ts';
export * from './path-filter.ts';
export * from './run-search.ts';
export * from './search-limit.ts';
