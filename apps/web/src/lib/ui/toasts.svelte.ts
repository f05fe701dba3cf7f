const SHOWN_MS = 6000;
const MOST = 3;

interface Toast {
  id: number;
  tone: 'success' | 'danger';
  text: string;
}

/** Short words about what has just happened. */
class Toasts {
  list = $state.raw<Toast[]>([]);
  #last = 0;

  /** Something was done. */
  say(text: string): void {
    this.#show('success', text);
  }

  /** Something failed that has no place of its own on the page. It stays until it is taken away. */
  complain(text: string): void {
    this.#show('danger', text);
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #show(tone: Toast['tone'], text: string): void {
    const id = ++this.#last;
    this.list = [...this.list.slice(1 - MOST), { id, tone, text }];
    if (tone === 'success') setTimeout(() => this.drop(id), SHOWN_MS);
  }
}

export const toasts = new Toasts();
