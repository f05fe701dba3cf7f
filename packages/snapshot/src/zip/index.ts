export * from './pack.ts';
export * from './zip-carries.ts';
export * from './zip-writer.ts';
