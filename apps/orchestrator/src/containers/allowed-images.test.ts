import { expect, test } from 'vitest';
import { AllowedImages, isImagePattern } from './allowed-images.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each<[pattern: string, allowed: string[], refused: string[]]>([
  ['', ['gcc', 'registry.example.net/x:1', 'a04316a4c163'], []],
  ['*', ['gcc', 'registry.example.net/x:1', 'a04316a4c163'], []],
  [
    'gcc',
    ['gcc', 'gcc:13', 'docker.io/gcc', 'index.docker.io/library/gcc:13', `gcc:13@${DIGEST}`],
    ['gcc2', 'my/gcc', 'ghcr.io/library/gcc', 'localhost/gcc', 'gcc:5000/gcc', 'gcc/gcc'],
  ],
  ['gcc:13', ['gcc:13', 'library/gcc:13'], ['gcc', 'gcc:12', 'gcc:130', `gcc@${DIGEST}`, `gcc:13@${DIGEST}`]],
  ['gcc:latest', ['gcc', 'gcc:latest'], ['gcc:13']],
  ['gcc:13-*', ['gcc:13-bookworm'], ['gcc:13', 'gcc:130-x']],
  [`gcc@${DIGEST}`, [`gcc@${DIGEST}`, `gcc:13@${DIGEST}`], ['gcc', `gcc@${DIGEST.replace('a', 'b')}`]],
  ['node*', ['node', 'node:26', 'nodered:1'], ['my/node', 'node/node']],
  [
    'registry.example.net:5000/team/*',
    ['registry.example.net:5000/team/a:1', 'Registry.example.net:5000/team/a/b'],
    ['registry.example.net/team/a', 'registry.example.net:5000/team', 'team/a', 'registry.example.net:5000/teams/a'],
  ],
  ['*.example.net/x', ['a.example.net/x:1'], ['example.net/x', 'a.example.net/y', 'a.example.net.evil.com/x']],
  ['docker.io/*', ['gcc', 'my/gcc:1'], ['ghcr.io/gcc']],
  ['docker.io/library/*', ['gcc', 'docker.io/library/a04316a4c163:latest'], ['my/gcc', 'a04316a4c163', DIGEST]],
  ['a.b/x.y', ['a.b/x.y'], ['a.b/xxy', 'aab/x.y']],
])('ROSE_IMAGES=%s allows what it names, as Docker reads names', (pattern, allowed, refused) => {
  const images = new AllowedImages(pattern === '' ? [] : [pattern]);
  expect(allowed.filter((image) => images.refusal(image) !== null)).toEqual([]);
  expect(refused.filter((image) => images.refusal(image) === null)).toEqual([]);
});

test('a refusal names the image, what is allowed, and the way out', () => {
  const images = new AllowedImages(['gcc:13', 'registry.example.net/*']);
  expect(images.refusal('node:26')).toBe(
    'The image "node:26" is none of those that this RoSE allows: gcc:13, registry.example.net/*. ' +
      "Name another one, go back to RoSE's own, or ask who runs this RoSE to add it to ROSE_IMAGES.",
  );
  expect(new AllowedImages(['docker.io/*']).refusal('cafe')).toContain('as in "docker.io/library/cafe:latest"');
});

test('only what can be the name of an image, with stars, is a pattern', () => {
  for (const text of ['*', 'gcc', 'gcc:*', '*.example.net:5000/*', `gcc@${DIGEST}`])
    expect(isImagePattern(text)).toBe(true);
  for (const text of ['', 'gcc 13', 'https://example.net/x', '/x', 'x/', '[a-z]'])
    expect(isImagePattern(text)).toBe(false);
});
