export * from './beneath.ts';
export * from './libc.ts';
export * from './open-writable.ts';
export * from './remove-tree.ts';
export * from './tree-reader.ts';
export * from './tree-writer.ts';
