// The list of incidents: one element each, changed in its place, so that who reads or has the focus keeps it.
import { el, number, scaled, span, spark, stamp, term } from './draw.js';

export const severities = ['', 'Informational', 'Low', 'Medium', 'High', 'Critical'];
const list = document.getElementById('list');
const shown = new Map(); // uid → {it, li, …}

export const all = () => [...shown.values()].map((s) => s.it);

export function put(it, fresh, actions) {
  let s = shown.get(it.uid);
  if (!s) {
    s = create(it, actions);
    shown.set(it.uid, s);
    const after = [...shown.values()].filter((o) => o !== s && o.it.opened <= it.opened).sort((a, b) => b.it.opened - a.it.opened)[0];
    list.insertBefore(s.li, after ? after.li : null);
  }
  const before = s.it;
  s.it = it;
  fill(s);
  if (fresh) flash(s.li);
  if (!s.detail.hidden && (fresh || before.expected !== it.expected)) load(s);
}

export function drop(uid) {
  const s = shown.get(uid);
  if (s && !s.li.contains(document.activeElement)) {
    s.li.remove();
    shown.delete(uid);
  }
}

export function clear() {
  shown.clear();
  list.replaceChildren();
}

function flash(li) {
  li.classList.remove('fresh');
  void li.offsetWidth; // begins the animation anew
  li.classList.add('fresh');
}

function create(it, actions) {
  const id = `d-${it.uid}`;
  const s = { it, actions, li: el('li', { class: 'incident', 'data-uid': it.uid }), detail: el('div', { class: 'detail', id, hidden: true }) };
  s.sev = el('span', { class: 'sev' });
  s.title = el('span', { class: 'title' });
  s.open = el('button', { class: 'open', type: 'button', 'aria-expanded': 'false', 'aria-controls': id }, s.sev, s.title);
  s.meta = el('dl', { class: 'meta' });
  s.growth = el('div', { class: 'growth' });
  s.li.append(el('div', { class: 'row' }, el('h3', {}, s.open), s.meta, s.growth), s.detail);
  s.open.addEventListener('click', () => toggle(s));
  return s;
}

function fill(s) {
  const it = s.it;
  s.li.className = `incident i${it.severity}${it.open ? '' : ' over'}`;
  s.sev.className = `sev s${it.severity}`;
  s.sev.textContent = severities[it.severity];
  s.title.textContent = it.title;
  const terms = [];
  if (!it.open) terms.push(term('', el('span', { class: 'badge' }, 'closed')));
  if (it.expected) terms.push(term('', el('span', { class: 'badge' }, `expected until ${new Date(it.expected.until - 1).toISOString().slice(0, 10)}`)));
  const others = it.members > 1 ? ` and ${number(it.members - 1)} more` : '';
  if (it.who) terms.push(term('who', `${it.who}${others}`, { class: 'mono' }));
  if (it.from) terms.push(term('from', it.from, { class: 'mono' }));
  terms.push(term('where', it.where || '–', { class: 'mono' }), term('opened', `${stamp(it.opened)} UTC`));
  if (it.last - it.first >= 1000) terms.push(term('lasted', span(it.last - it.first)));
  terms.push(term('people', el('b', {}, number(it.people))), term('records', el('b', {}, number(it.objects))), term('calls', el('b', {}, number(it.calls))));
  if (it.refusals) terms.push(term('refused', number(it.refusals)));
  s.meta.replaceChildren(...terms);
  const points = it.growth.map((g) => [g.at, g.calls]);
  if (points.length) points.unshift([Math.min(it.first, points[0][0]), 0]);
  const last = points.length - 1;
  if (last > 0 && points[last][0] - points[0][0] < 5000) points.forEach((p, i) => { p[0] = i; }); // all at once: one message after another
  if (last > 0) points.push([points[last][0] + Math.max(1, points[last][0] - points[0][0]) / 8, points[last][1]]);
  s.growth.replaceChildren(spark(points, { width: 132, height: 40, steps: true }));
  s.growth.firstChild.setAttribute('width', 132);
  s.growth.firstChild.setAttribute('height', 40);
}

function toggle(s) {
  s.detail.hidden = !s.detail.hidden;
  s.open.setAttribute('aria-expanded', String(!s.detail.hidden));
  if (!s.detail.hidden) load(s);
}

async function load(s) {
  if (!s.detail.firstChild) s.detail.replaceChildren(el('p', { class: 'quiet' }, 'Loading…'));
  try {
    const answer = await fetch(`incident?uid=${encodeURIComponent(s.it.uid)}`);
    if (!answer.ok) throw new Error((await answer.text()).trim());
    s.full = await answer.json();
    const focused = s.detail.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    s.detail.replaceChildren(...parts(s));
    if (focused) s.detail.querySelector(`[data-action="${focused}"]`)?.focus();
  } catch (e) {
    s.detail.replaceChildren(el('p', { class: 'error' }, `It cannot be shown: ${e.message}`));
  }
}

const block = (title, ...content) => el('div', {}, el('h4', {}, title), ...content);
const chips = (values) => el('ul', { class: 'chips' }, ...values.map((v) => el('li', {}, v)));

function parts(s) {
  const d = s.full;
  const out = [];
  out.push(el('div', { class: 'compare' }, block('Seen', el('p', {}, d.seen || '–')), block('Expected', el('p', {}, d.usual || '–'))));
  if (d.expected) {
    out.push(el('p', {}, el('b', {}, 'Expected'), `, says ${d.expected.by}: ${d.expected.reason} (from ${stamp(d.expected.from)} until ${stamp(d.expected.until)} UTC)`));
  } else {
    out.push(s.actions(s));
  }
  if (d.joined?.length) {
    out.push(block('Joined it', el('ul', { class: 'plain' }, ...d.joined.map((j) => el('li', {}, el('span', {}, `${j.name}: ${j.title}`), el('span', { class: 'quiet' }, stamp(j.at)))))));
  }
  if (d.shown?.length) out.push(block('Calls that show it', calls(d)));
  if (d.touched?.length) out.push(block('A sample of whom it touched', chips(d.touched)));
  if (d.facts?.length) out.push(block('Numbers', chips(d.facts.map((f) => `${f.name} ${f.value}`))));
  const labels = [...(d.attacks || []).map((a) => `${a.uid} ${a.name}`), ...(d.tags || []).map((t) => `${t.name} ${t.value}`)];
  if (labels.length) out.push(block('References', chips(labels)));
  if (d.community?.length) out.push(block('Community IDs', el('p', { class: 'mono' }, d.community.join('  '))));
  if (d.advice) out.push(block('What to do', el('p', {}, d.advice)));
  const about = [`confidence ${d.confidence} %`, `kind ${d.kind}`, `incident ${d.uid}`];
  out.push(el('p', { class: 'quiet mono' }, about.join(' · ')));
  return out;
}

function calls(d) {
  const rows = d.shown.map((c) => el('tr', {}, el('td', { class: 'mono' }, stamp(c.at)), el('td', { class: 'n' }, c.status ? String(c.status) : 'none'),
    el('td', { class: 'call mono' }, c.call), el('td', { class: 'n' }, `${scaled(c.bytes)}B`.replace(/(\d)B/, '$1 B')), el('td', { class: 'mono' }, c.from)));
  const heads = [['Time', ''], ['Status', 'n'], ['Call', ''], ['Size', 'n'], ['From', '']].map(([h, c]) => el('th', { scope: 'col', class: c }, h));
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Calls that show it' },
    el('table', {}, el('thead', {}, el('tr', {}, ...heads)), el('tbody', {}, ...rows)));
}

// filter hides what is not asked for, and says how many are left.
export function filter({ text, least, closed, expected }) {
  let left = 0;
  for (const s of shown.values()) {
    const it = s.it;
    const words = [it.title, it.who, it.where, it.from, it.name, it.uid, ...it.kinds].join(' ').toLowerCase();
    const fits = it.severity >= least && (closed || it.open) && (expected || !it.expected) && text.split(/\s+/).every((w) => words.includes(w));
    s.li.hidden = !fits && !s.li.contains(document.activeElement);
    if (!s.li.hidden) left++;
  }
  return left;
}

// move puts the focus on the next incident that is shown, or the previous one.
export function move(step) {
  const buttons = [...list.querySelectorAll('li:not([hidden]) .open')];
  const at = buttons.findIndex((b) => b.closest('li').contains(document.activeElement));
  buttons[Math.max(0, Math.min(buttons.length - 1, at < 0 ? 0 : at + step))]?.focus();
}

// current is the incident that has the focus.
export const current = () => shown.get(document.activeElement?.closest('.incident')?.dataset.uid);

export function close(s) {
  if (s.detail.hidden) return;
  toggle(s);
  s.open.focus();
}

// ready is the incident's detail, opened and loaded.
export async function ready(s) {
  if (s.detail.hidden) toggle(s);
  if (!s.full) await load(s);
  return s.full;
}
