import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { baseImageRecipe } from './lib/base-image-recipe.ts';
import { buildBaseImage, missingTools } from './lib/base-image-build.ts';
import { engine } from './lib/base-image-engine.ts';

/**
 * Builds the base image of dev containers from the host's own Debian mirror, without a
 * registry. The last line on stdout is the image's tag, to be given as ROSE_BASE_IMAGE;
 * everything else goes to stderr. Finds an image of the same recipe again; --rebuild takes
 * the mirror's newest packages.
 */
const { values } = parseArgs({ options: { rebuild: { type: 'boolean', default: false } } });
const say = (line: string): void => console.error(`base image: ${line}`);

// Ctrl-C reaches the tools too: they end, the build fails, and its folder is removed.
process.once('SIGINT', () => say('cancelled'));

try {
  const recipe = await baseImageRecipe();
  if (!values.rebuild && (await engine.hasImage(recipe.tag))) {
    say(`${recipe.tag} is there already`);
  } else {
    const missing = await missingTools();
    if (missing.length > 0) throw new Error(`Please install what is missing first: ${missing.join(', ')}.`);
    await buildBaseImage(recipe, say);
  }
  if (!process.stdout.write(`${recipe.tag}\n`)) await once(process.stdout, 'drain');
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
