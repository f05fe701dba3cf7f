import { addMemberInput, memberRoleSchema, type Member, type MemberRole } from '@rose/contract';
import { Deed } from '#lib/api/deed.svelte.ts';
import { Form } from '#lib/api/form.svelte.ts';
import { Resource } from '#lib/api/resource.svelte.ts';
import { rose } from '#lib/api/rose.ts';
import { toasts } from '#lib/ui/toasts.svelte.ts';

/** With whom a project is shared. */
export class Members {
  readonly list: Resource<Member[]>;
  readonly sharing: Form<{ email: string; role: string }, { email: string; role: MemberRole }>;
  readonly change: Deed<[email: string, role: MemberRole]>;
  readonly removal: Deed<[email: string]>;
  /** Gives up what somebody else shared. */
  readonly leaving: Deed<[]>;

  constructor(projectId: number) {
    this.list = new Resource((signal) => rose.projects.members.list.query({ projectId }, { signal }));
    this.sharing = new Form({
      values: { email: '', role: memberRoleSchema.enum.viewer },
      schema: addMemberInput.omit({ projectId: true }),
      submit: async (input) => {
        this.list.set(await rose.projects.members.add.mutate({ projectId, ...input }));
        this.sharing.values = { ...this.sharing.values, email: '' };
        toasts.say(`${input.email} is ${MEANINGS[input.role].name} of this project now.`);
      },
    });
    this.change = new Deed(async (email, role) => {
      try {
        this.list.set(await rose.projects.members.change.mutate({ projectId, email, role }));
      } catch (error) {
        await this.list.load();
        throw error;
      }
    });
    this.removal = new Deed(async (email) => {
      this.list.set(await rose.projects.members.remove.mutate({ projectId, email }));
    });
    this.leaving = new Deed(async () => {
      await rose.projects.members.leave.mutate({ projectId });
    });
  }
}

/** What somebody may do with a project, for people. */
export const MEANINGS: Record<Member['role'], { label: string; name: string; meaning: string }> = {
  owner: { label: 'Owner', name: 'the owner', meaning: 'May do everything.' },
  editor: { label: 'Editor', name: 'an editor', meaning: 'Works in it: files, terminals, saves and loads.' },
  viewer: { label: 'Viewer', name: 'a viewer', meaning: 'Looks at it and forks it; changes nothing.' },
};

/** The roles that can be given. */
export const ROLES = memberRoleSchema.options.map((role) => ({ value: role, label: MEANINGS[role].label }));
