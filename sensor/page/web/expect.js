// Marking an incident as expected: the dialog, and what it asks the sensor for.
import { el } from './draw.js';
import { ready } from './list.js';

const dialog = document.getElementById('expect');
const form = dialog.querySelector('form');
const error = document.getElementById('expect-error');
let marked = null;
let done = null;

// action is what stands below an incident: the button, or why there is none.
export function action(me, say) {
  return (s) => {
    if (me.unable) return el('p', { class: 'quiet' }, `It cannot be marked as expected here: ${me.unable}.`);
    if (me.role !== 'operator') {
      return el('p', { class: 'actions' }, el('span', { class: 'quiet' }, 'An operator may mark it as expected.'), el('a', { class: 'button', href: 'login' }, 'Log in as operator'));
    }
    const button = el('button', { type: 'button', 'data-action': 'expect' }, 'Mark as expected…');
    button.addEventListener('click', () => open(s, say));
    return el('p', { class: 'actions' }, button);
  };
}

export async function open(s, say) {
  const d = await ready(s);
  if (!d) return;
  marked = d.uid;
  done = () => {
    say(`Marked as expected: ${d.title}`);
    s.open.focus();
  };
  form.reset();
  error.textContent = '';
  document.getElementById('expect-title').textContent = d.title;
  for (const name of ['principal', 'endpoint', 'detector']) {
    document.getElementById(`expect-${name}`).textContent = d.rule[name] || '(none is named)';
    form.elements[name].checked = Boolean(d.rule[name]);
    form.elements[name].disabled = !d.rule[name];
  }
  document.getElementById('expect-kinds').hidden = d.kinds.length < 2;
  const day = (days) => new Date(Date.now() + days * 86400000).toISOString().slice(0, 10);
  form.elements.until.min = day(0);
  form.elements.until.value = day(30);
  dialog.showModal();
  form.elements.reason.focus();
}

document.getElementById('expect-cancel').addEventListener('click', () => dialog.close());

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const f = form.elements;
  const button = form.querySelector('button[type=submit]');
  button.disabled = true;
  error.textContent = '';
  try {
    const answer = await fetch('expect', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        uid: marked, principal: f.principal.checked, endpoint: f.endpoint.checked, detector: f.detector.checked, reason: f.reason.value, until: f.until.value,
      }),
    });
    if (!answer.ok) throw new Error((await answer.text()).trim());
    dialog.close();
    done();
  } catch (e) {
    error.textContent = `It was not marked: ${e.message}.`;
  } finally {
    button.disabled = false;
  }
});
