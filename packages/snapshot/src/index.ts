export * from './content.ts';
export * from './frames.ts';
export * from './limits.ts';
export * from './names.ts';
export * from './objects.ts';
export * from './raw.ts';
export * from './tree.ts';
