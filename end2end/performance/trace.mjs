// What a page's main thread was busy with, from the browser's own tracing.

const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'v8.execute', 'toplevel'];

/** The events in which a script of the page runs. */
const SCRIPT = new Set(['FunctionCall', 'EvaluateScript', 'v8.callFunction', 'FireAnimationFrame', 'TimerFire', 'RunMicrotasks', 'EventDispatch']);

/**
 * Traces a page while something happens, and gives what its main thread did meanwhile: how long the longest task was by
 * the wall clock and by the thread's own clock, in milliseconds, how many took more than 50 ms, and how busy the thread was.
 */
export async function traced(browser, page, happens) {
  await browser.startTracing(page, { categories: CATEGORIES });
  const began = Date.now();
  await happens();
  const seconds = (Date.now() - began) / 1_000;
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const main = mainThread(traceEvents, page.url());
  const own = traceEvents.filter(event => event.pid === main.pid && event.tid === main.tid && event.ph === 'X');
  const scripts = own.filter(event => SCRIPT.has(event.name)).map(event => event.ts).sort((a, b) => a - b);
  const tasks = own.filter(event => event.name === 'RunTask').map(event => ({
    wall: event.dur / 1_000,
    cpu: (event.tdur ?? event.dur) / 1_000,
    script: holds(scripts, event.ts, event.ts + event.dur),
  }));
  if (tasks.length === 0) throw new Error('the trace shows no task of the page');
  const most = (list, clock) => round(list.reduce((most, task) => Math.max(most, task[clock]), 0));
  const script = tasks.filter(task => task.script);
  return {
    seconds: round(seconds),
    tasks: tasks.length,
    longest_script_task_ms: most(script, 'wall'),
    longest_script_task_cpu_ms: most(script, 'cpu'),
    longest_task_ms: most(tasks, 'wall'),
    longest_task_cpu_ms: most(tasks, 'cpu'),
    script_tasks_over_50_ms: script.filter(task => task.wall > 50).length,
    busy_percent: round(tasks.reduce((sum, task) => sum + task.cpu, 0) / seconds / 10),
  };
}

/** The process and the thread on which the scripts of the page with this address run. */
function mainThread(events, url) {
  const frames = events.flatMap(event => [...(event.args?.data?.frames ?? []), event.args?.data ?? {}]);
  const pids = new Set(frames.filter(frame => frame.url === url && frame.processId).map(frame => frame.processId));
  const main = events.find(
    event => event.name === 'thread_name' && event.args.name === 'CrRendererMain' && pids.has(event.pid),
  );
  if (!main) throw new Error(`the trace shows no main thread of ${url}`);
  return main;
}

/** Whether one of the sorted moments lies between two others. */
function holds(moments, from, to) {
  let [low, high] = [0, moments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (moments[middle] < from) low = middle + 1;
    else high = middle;
  }
  return low < moments.length && moments[low] <= to;
}

export function round(number) {
  return Math.round(number * 10) / 10;
}
