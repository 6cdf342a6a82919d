(() => {
  'use strict';
  const type = 'application/vnd.webordinary.wake+json';
  const stages = ['asked', 'placing', 'pulling', 'starting', 'checking', 'preparing', 'ready'];
  const part = (id) => document.getElementById(id);
  const opened = Date.now();
  // A wake that was asked for by opening this page and got lost is asked for again, a few times, while it is new.
  let repeats = document.body.dataset.purpose === 'ask' ? 3 : 0;
  let wokenAt = 0;
  let misses = 0;
  let timer = 0;
  let busy = false;
  let state = '';

  const texts = {
    asleep: ['The editor is asleep', 'It costs nothing like this. It needs about a minute to wake.'],
    waking: ['Waking the editor', ''],
    ready: ['The editor is awake', 'Opening the page.'],
    failing: ['The editor cannot start', 'The last attempt failed, so it has stopped trying.'],
    unknown: ['Waking the editor', 'The state of the editor is not known at the moment. This page keeps asking.'],
  };
  const leads = {
    asked: 'A server has been asked for.',
    placing: 'A place and a network are being found.',
    pulling: "The editor's image is being loaded.",
    starting: 'The editor is starting.',
    checking: 'The editor runs. Waiting for its first health check.',
    preparing: 'The editor runs. The site is being prepared.', // said by the container's supervisor, with the step
  };

  const text = (id, value) => {
    const element = part(id);
    if (element.textContent !== value) element.textContent = value;
  };
  const clock = (seconds) => (seconds < 90 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`);

  // The minute from which on it may be tried again: a figure that stays the same while the page looks again and again.
  function again(seconds) {
    const at = new Date(Math.ceil((Date.now() + seconds * 1000) / 60000) * 60000);
    return `You can try again at ${at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}, on this page.`;
  }

  function tick(typical) {
    const seconds = Math.max(0, Math.round((Date.now() - wokenAt) / 1000));
    text('elapsed', clock(seconds));
    text('typical', seconds > 2 * typical ? `so far. Usually it takes about ${clock(typical)}; this is longer than usual.`
      : `so far. Usually it takes about ${clock(typical)}.`);
  }

  function show(status) {
    state = texts[status.state] ? status.state : 'unknown';
    const waking = state === 'waking';
    const [title, lead] = texts[state];
    document.title = title;
    text('title', title);
    text('lead', waking ? (status.detail ? `${status.detail} …` : leads[status.stage] || leads.asked) : state === 'failing' ? `${lead} ${again(status.retryAfterSeconds)}` : lead);
    part('stages').hidden = !waking && state !== 'ready';
    const at = stages.indexOf(state === 'ready' ? 'ready' : status.stage || 'asked');
    for (const item of part('stages').children) {
      const own = stages.indexOf(item.dataset.stage);
      item.className = own < at ? 'done' : own === at ? 'now' : '';
      if (own === at) item.setAttribute('aria-current', 'step');
      else item.removeAttribute('aria-current');
    }
    part('time').hidden = !waking;
    if (waking) {
      const began = Date.now() - status.elapsedSeconds * 1000;
      // The server's figure gets better as it learns more, but a clock that jumps about helps nobody.
      if (!wokenAt || Math.abs(began - wokenAt) > 5000) wokenAt = began;
      tick(status.typicalSeconds);
    } else {
      wokenAt = 0;
    }
    part('error').hidden = !status.error;
    if (status.error) text('error', status.error.message);
    part('wake').hidden = state !== 'asleep';
    part('wake').disabled = false;
  }

  function later(seconds) {
    clearTimeout(timer);
    // Nobody looks at a hidden page: it asks again when it is shown.
    if (document.hidden) return;
    const age = (Date.now() - opened) / 1000;
    const slower = age < 120 ? 1 : age < 600 ? 2 : 5;
    timer = setTimeout(poll, Math.min(60, seconds * slower) * 1000);
  }

  async function poll(wake) {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    try {
      const headers = { Accept: type };
      if (wake === true) headers['X-Webordinary-Wake'] = 'now';
      const answer = await fetch(location.href, { headers, cache: 'no-store', credentials: 'same-origin' });
      if (!(answer.headers.get('Content-Type') || '').startsWith(type)) {
        // Not the waker any more. A gateway's error only says that the service is between two states.
        if (answer.status < 502 || answer.status > 504) return location.reload();
        throw new Error(`status ${answer.status}`);
      }
      const status = await answer.json();
      misses = 0;
      show(status);
      if (state === 'ready') timer = setTimeout(() => location.reload(), 1000);
      else if (state === 'asleep' && repeats > 0 && Date.now() - opened < 60000) {
        repeats -= 1;
        timer = setTimeout(() => poll(true), 1000);
      } else later(status.retryAfterSeconds);
    } catch {
      misses += 1;
      later(Math.min(30, 2 ** misses));
    } finally {
      busy = false;
    }
  }

  part('wake').addEventListener('click', () => {
    part('wake').disabled = true;
    text('lead', 'Asking for a server.');
    repeats = 1;
    poll(true);
  });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) poll(); });
  setInterval(() => { if (wokenAt && !document.hidden) tick(first.typicalSeconds); }, 1000);

  const first = JSON.parse(document.body.dataset.status);
  try {
    show(first);
  } finally {
    document.body.classList.remove('unfilled');
  }
  later(Math.min(first.retryAfterSeconds, 2));
})();
