export * from './database.ts';
export * from './failure.ts';
export * from './http.ts';
export * from './orchestrator.ts';
export * from './preview-app.ts';
