import type { Person } from '@rose/testing';

/** A project of this person whose workspace has these text files; returns its id. */
export async function projectWith({ rose }: Person, name: string, files: Record<string, string>): Promise<number> {
  const { id } = await rose.projects.create.mutate({ name });
  for (const [path, content] of Object.entries(files)) await write({ rose }, id, path, content);
  return id;
}

/** Writes a text file over whatever is there, its directories made. */
export async function write({ rose }: Pick<Person, 'rose'>, id: number, path: string, content: string): Promise<void> {
  const { files } = rose.workspace(id);
  const folder = path.split('/').slice(0, -1).join('/');
  if (folder !== '') await files.mkdir.mutate({ path: folder, recursive: true });
  await files.write.mutate({ path, content });
}
