import { parentPort, workerData } from 'node:worker_threads';
import { FrameBatch, FrameParser, SAVE_FRAME, type SaveSummary } from '@rose/snapshot';
import type { RoseError } from '@rose/contract';
import { asRoseError, cancelled } from '../failures.ts';
import { isFull, noSpace } from '../files/disk-failures.ts';
import { SnapshotEngine } from './engine.ts';
import type { SaveSink } from './read-file.ts';
import { FLOW, MAX_OUTSTANDING_BYTES, type FromWorker, type ToWorker, type WorkerData } from './worker-messages.ts';

/** Saves and loads run here, so that terminals and calls go on beside them. */

const { workspace, own, flow } = workerData as WorkerData;
const shared = new Int32Array(flow);
const port = parentPort!;
const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

/** Posts frames; blocks while the reader is slow. */
function postFrames(bytes: Buffer<ArrayBuffer>): void {
  waitForRoom();
  Atomics.add(shared, FLOW.outstanding, bytes.length);
  post({ answer: 'frames', bytes }, [bytes.buffer]);
}

function waitForRoom(): void {
  for (;;) {
    if (Atomics.load(shared, FLOW.cancelled) === 1) throw cancelled();
    const outstanding = Atomics.load(shared, FLOW.outstanding);
    if (outstanding <= MAX_OUTSTANDING_BYTES) return;
    Atomics.wait(shared, FLOW.outstanding, outstanding, 1000);
  }
}

function save(walk: (sink: SaveSink) => SaveSummary): void {
  const batch = new FrameBatch(postFrames);
  const summary = walk({
    object: (frame, id, size, compressed) => batch.pushObject(frame, id, size, compressed),
    progress(files, bytes) {
      if (Atomics.load(shared, FLOW.cancelled) === 1) throw cancelled();
      batch.pushJson(SAVE_FRAME.progress, { files, bytes });
      // A walk that finds nothing new is still heard of.
      batch.flush();
    },
  });
  batch.pushJson(SAVE_FRAME.end, summary);
  batch.flush();
  post({ answer: 'saved' });
}

let parser = new FrameParser();
/** What was posted before the failure was heard of is no load any more. */
let isLoadBroken = false;

function loadData({ buffer, byteLength }: Uint8Array<ArrayBuffer>): void {
  if (!isLoadBroken) for (const frame of parser.push(new Uint8Array(buffer, 0, byteLength))) engine.stage(frame);
  post({ answer: 'taken', memory: buffer }, [buffer]);
}

function loadEnd(): void {
  parser.end();
  if (!engine.isStaged) throw cancelled();
  const standing = engine.apply((done, all) => post({ answer: 'load-progress', done, all }));
  post({ answer: 'loaded', standing });
  endLoad();
}

function endLoad(): void {
  parser = new FrameParser();
  engine.endLoad();
}

function serve(message: ToWorker): void {
  try {
    if (message.deed === 'save') save((sink) => engine.save(message.request, sink));
    else if (message.deed === 'save-staged') save((sink) => engine.saveStaged(message.tree, message.modes, sink));
    else if (message.deed === 'load-data') loadData(message.bytes);
    else if (message.deed === 'load-end') loadEnd();
    else if (message.deed === 'load-abort') {
      isLoadBroken = false;
      endLoad();
    } else if (message.deed === 'standing') post({ answer: 'standing', standing: engine.standing() });
    else {
      engine.persist();
      post({ answer: 'persisted' });
    }
  } catch (error) {
    isLoadBroken = message.deed === 'load-data';
    if (message.deed.startsWith('load')) endLoad();
    post({ answer: 'failed', error: failureOf(error).toBody() });
  }
}

function failureOf(error: unknown): RoseError {
  return isFull(error) ? noSpace(0, 0) : asRoseError(error);
}

const engine = new SnapshotEngine(workspace, own);
engine.start();
post({ answer: 'ready' });
port.on('message', serve);
