import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { lifecycleRules } from '../suite/lifecycle.ts';
import { findTestEngine, testRuntime } from './test-engine.ts';
const DOCKERFILE = path.resolve(import.meta.dirname, '../../../../../dev-container/Dockerfile');
const engine = await findTestEngine();
lifecycleRules(async (options) => {
  if (typeof engine === 'string') throw new Error(engine);
  await copyFile(DOCKERFILE, path.join(options.imageFolder, 'Dockerfile'));
  return testRuntime(engine, options);
});
