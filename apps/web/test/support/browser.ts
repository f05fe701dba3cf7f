import { existsSync } from 'node:fs';
import { testOrchestrator, type Person, type TestOrchestrator } from '@rose/testing';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';

const CHROMIUM = '/usr/bin/chromium';
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** How long a page may take for one step; the first use of a project starts its container. */
const STEP_MS = 30_000;

/** What a test of the UI works with. */
export interface Ui {
  readonly orchestrator: TestOrchestrator;
  /** A page in a browser profile of its own, where nobody is signed in. */
  visit(path?: string): Promise<Page>;
  /** A page on which this person has signed in. */
  visitAs(person: Person, path?: string): Promise<Page>;
  /** What the pages' consoles have complained about. */
  readonly complaints: string[];
}

/**
 * Rules of the UI, each against a real orchestrator in a real browser. Every suite also proves that no
 * page breaks its content security policy, throws, or warns.
 */
export function describeUi(title: string, rules: (ui: Ui) => void): void {
  const isHere = existsSync(CHROMIUM);
  describe.skipIf(!isHere)(isHere ? title : `${title} (skipped: there is no ${CHROMIUM})`, () => {
    const parts = new AsyncDisposableStack();
    const complaints: string[] = [];
    let browser: Browser;
    let orchestrator: TestOrchestrator;

    const open = async (): Promise<Page> => {
      const context = await browser.newContext({ baseURL: orchestrator.url });
      const page = await context.newPage();
      page.setDefaultTimeout(STEP_MS);
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (isComplaint(message.type(), message.text())) complaints.push(message.text());
      });
      return page;
    };
    const visit = async (path = '/'): Promise<Page> => {
      const page = await open();
      await page.goto(path);
      return page;
    };
    const visitAs = async ({ session }: Person, path = '/'): Promise<Page> => {
      const page = await open();
      await page.context().addCookies([{ name: 'rose', value: session, url: orchestrator.url, sameSite: 'Lax' }]);
      await page.goto(path);
      return page;
    };

    beforeAll(async () => {
      orchestrator = parts.use(await testOrchestrator({ config: { runtime: 'process' } }));
      browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
      parts.defer(() => browser.close());
    });
    afterAll(async () => {
      await parts.disposeAsync();
      expect(complaints, 'no page complains in its console').toEqual([]);
    });

    rules({
      get orchestrator() {
        return orchestrator;
      },
      complaints,
      visit,
      visitAs,
    });
  });
}

/**
 * Chromium itself logs every refusal of a server, and a page that is left while its WebSocket is still connecting: neither
 * is a fault of the page.
 */
const NO_FAULTS = [/^Failed to load resource/, /WebSocket is closed before the connection is established/];

function isComplaint(type: string, text: string): boolean {
  return (type === 'error' || type === 'warning') && !NO_FAULTS.some((noFault) => noFault.test(text));
}
