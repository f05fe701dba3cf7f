export * from './digest.ts';
export * from './lucia-sessions.ts';
export * from './sessions.ts';
