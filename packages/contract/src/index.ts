export * from './accounts.ts';
export * from './archives.ts';
export * from './errors.ts';
export * from './projects.ts';
export * from './settings.ts';
export * from './store.ts';
export * from './streams.ts';
export * from './versions.ts';
