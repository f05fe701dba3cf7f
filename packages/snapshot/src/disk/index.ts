export * from './beneath.ts';
export * from './libc.ts';
export * from './remove-tree.ts';
