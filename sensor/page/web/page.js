// The live page: what the sensor tells, as it tells it.
import { el, number, scaled, span, spark, stamp } from './draw.js';
import * as list from './list.js';
import { action, open as expect } from './expect.js';

const $ = (id) => document.getElementById(id);
const me = { role: 'nobody', unable: '' };
let history = [];
let left = 0;

// What is said to those who hear the page: at most one sentence in ten seconds, of all that happened in them.
let news = [];
let talking = null;
function say(text) {
  $('say').textContent = text;
}
function tellOf(it) {
  news.push(it);
  talking ??= setTimeout(() => {
    const worst = news.reduce((a, b) => (b.severity > a.severity ? b : a));
    say(`${news.length === 1 ? 'A new incident' : `${news.length} new incidents, the gravest`}: ${list.severities[worst.severity]}, ${worst.title}`);
    news = [];
    talking = null;
  }, 10000);
}

function refresh() {
  const all = list.all();
  const shown = list.filter({ text: $('find').value.trim().toLowerCase(), least: Number($('least').value), closed: $('closed').checked, expected: $('expected').checked });
  $('empty').hidden = shown > 0;
  $('empty').textContent = all.length
    ? `None of ${all.length} incidents fits the filter.`
    : 'Nothing was found yet. What is found appears here by itself, the newest first.';
  const counts = [5, 4, 3, 2, 1].map((s) => [s, all.filter((i) => i.severity === s && i.open && !i.expected).length]).filter(([, n]) => n);
  $('tally').replaceChildren(el('li', { class: 'word' }, counts.length ? 'open' : 'none open'), ...counts.map(([s, n]) => el('li', { class: `s${s}` }, `${n} ${list.severities[s].toLowerCase()}`)));
  const grave = counts.filter(([s]) => s >= 4).reduce((sum, [, n]) => sum + n, 0);
  document.title = grave ? `(${grave}) Auscult` : 'Auscult';
}

const charts = [
  ['Packets', (p) => p.packets, (v, s) => `${scaled(v)}/s`],
  ['Traffic', (p) => p.bits, (v) => `${scaled(v)}bit/s`.replace(/(\d)bit/, '$1 bit')],
  ['Calls', (p) => p.calls, (v) => `${scaled(v)}/s`],
  ['Dropped', (p) => p.dropped, (v) => `${scaled(v)}/s`, (v) => v > 0],
  ['Lag', (p) => p.lag, (v) => `${v.toFixed(1)} s`, (v) => v > 5],
];

function drawTraffic(state) {
  const last = history[history.length - 1];
  const cells = charts.map(([name, of, text, bad]) => {
    const value = last ? of(last) : 0;
    const peak = history.reduce((m, p) => Math.max(m, of(p)), 0);
    return el('div', {}, el('dt', {}, name, el('span', {}, `peak ${text(peak)}`)),
      el('dd', {}, el('span', { class: bad?.(value) ? 'value bad' : 'value' }, text(value)), spark(history.map((p) => [p.at, of(p)]), { loss: Boolean(bad) && peak > 0 && bad(peak) })));
  });
  const share = (x) => (x > 0 && x < 0.0001 ? '< 0.01 %' : `${number(Math.round(x * 10000) / 100)} %`);
  cells.push(el('div', {}, el('dt', {}, 'Never came'), el('dd', {}, el('span', { class: state.missing > 0.01 ? 'value bad' : 'value' }, share(state.missing)),
    el('p', { class: 'hint' }, 'of the bytes that passed'))));
  $('traffic').replaceChildren(...cells);
}

function drawHealth(s) {
  const rows = [];
  const row = (name, value, bad) => rows.push(el('dt', {}, name), el('dd', { class: bad ? 'bad' : '' }, value));
  for (const l of s.links || []) row(l.name, `${l.up ? 'up' : 'DOWN'}, ${number(l.packets)} packets, ${l.dropped ? `${number(l.dropped)} dropped` : 'none dropped'}`, !l.up || l.dropped > 0);
  row('since start', `${number(s.packets)} packets, ${number(s.calls)} calls, ${number(s.alerts)} alerts`);
  row('in view', `${number(s.flows)} connections, ${number(s.principals)} principals, ${number(s.open)} open incidents`);
  row('memory', `${scaled(s.heap)}B heap, ring ${Math.round(s.ring * 100)} % full`.replace(/(\d)B/, '$1 B'), s.ring > 0.8);
  row('allow-list', `${number(s.rules)} rules, ${number(s.silenced)} signals silenced`);
  for (const k of s.sinks || []) row(`to ${k.name}`, k.failing ? `failing: ${k.failing}; ${number(k.waiting)} wait` : k.waiting ? `${number(k.waiting)} wait, the oldest ${span(k.age * 1000)}` : 'delivered', Boolean(k.failing));
  if (left) row('not shown', `${number(left)} older incidents; the alerts have them`);
  $('health').replaceChildren(...rows);
  $('lost').replaceChildren(...(s.lost || []).map((l) => el('li', {}, el('span', {}, l.cause), el('span', { class: 'n' }, `${number(l.count)} ${l.unit}`))));
  $('lost-box').hidden = !(s.lost || []).length;
  $('ready').textContent = s.ready || 'watching';
  $('ready').className = s.ready ? 'pill bad' : 'pill good';
  $('clock').textContent = s.time ? `${stamp(s.time)} UTC` : '–';
}

function drawTop(principals) {
  const rows = (principals || []).map((p) => el('tr', {}, el('td', {}, p.name ? el('span', { class: 'mono' }, p.name) : 'all others', p.name ? el('span', { class: 'quiet' }, ` ${p.kind}`) : ''),
    el('td', { class: 'n' }, number(p.calls)), el('td', { class: 'n' }, number(p.refused)), el('td', { class: 'n' }, number(p.records))));
  $('top').tBodies[0].replaceChildren(...(rows.length ? rows : [el('tr', {}, el('td', { colspan: 4, class: 'quiet' }, 'No call yet.'))]));
}

function drawFound(inventory) {
  const newest = [...(inventory.newest || [])].reverse();
  $('found-all').textContent = inventory.all ? `of ${number(inventory.all)} seen` : '';
  $('found').replaceChildren(...newest.slice(0, 12).map((e) => {
    const bad = ['shadow', 'zombie'].includes(e.state) || (e.auth || []).includes('none');
    const words = [e.state, ...(e.auth || []).map((a) => (a === 'none' ? 'no credential' : a)), ...(e.phi || [])].filter(Boolean);
    return el('li', {}, el('span', { class: 'mono' }, e.call), el('span', { class: bad ? 'bad' : 'quiet' }, `${e.host} · ${words.join(', ') || 'nothing known yet'} · ${stamp(e.at)}`),
      e.why ? el('span', { class: 'quiet' }, e.why) : '');
  }));
  if (!newest.length) $('found').append(el('li', { class: 'quiet' }, 'None yet.'));
}

function begin(b) {
  Object.assign(me, b);
  history = b.history || [];
  left = b.left;
  $('sensor').textContent = `${b.sensor} · ${b.version}`;
  $('notice').hidden = !b.revealed;
  $('notice').textContent = b.revealed ? 'Names and identifiers are shown in the clear (--reveal).' : '';
  $('account').textContent = b.name ? `${b.name}, ${b.role}` : b.role;
  $('login').hidden = !b.tokens || b.loggedIn;
  $('logout').hidden = !b.loggedIn;
  const known = new Set(b.incidents.map((i) => i.uid));
  for (const it of list.all()) if (!known.has(it.uid)) list.drop(it.uid);
  for (const it of b.incidents) list.put(it, false, action(me, say));
  refresh();
  drawTraffic(b.state);
  drawHealth(b.state);
  drawTop(b.principals);
  drawFound(b.inventory);
}

const events = new EventSource('events');
const on = (name, f) => events.addEventListener(name, (e) => f(JSON.parse(e.data)));
on('begin', begin);
on('incident', (it) => {
  const old = list.all().find((o) => o.uid === it.uid);
  list.put(it, true, action(me, say));
  if (!old) tellOf(it);
  refresh();
});
on('gone', (uid) => {
  list.drop(uid);
  refresh();
});
on('beat', (b) => {
  history.push(b.point);
  if (history.length > 300) history.shift();
  drawTraffic(b.state);
  drawHealth(b.state);
});
on('top', drawTop);
on('found', drawFound);
events.onerror = () => {
  $('ready').textContent = events.readyState === EventSource.CLOSED ? 'cut off: reload the page' : 'no answer, trying again';
  $('ready').className = 'pill bad';
};

for (const id of ['find', 'least', 'closed', 'expected']) $(id).addEventListener('input', refresh);

document.addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
  const typing = e.target.matches('input:not([type=checkbox]), textarea, select');
  if (e.key === 'Escape' && typing) return e.target.blur();
  if (typing) return;
  const s = list.current();
  if (e.key === 'j') list.move(1);
  else if (e.key === 'k') list.move(-1);
  else if (e.key === '/') $('find').focus();
  else if (e.key === 'Escape' && s) list.close(s);
  else if (e.key === 'e' && s && me.role === 'operator' && !me.unable && !s.it.expected) expect(s, say);
  else return;
  e.preventDefault();
});

// The theme is the system's, until somebody chooses.
const themes = ['auto', 'light', 'dark'];
function theme(name) {
  if (name === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  $('theme').textContent = `Theme: ${name}`;
}
let chosen = themes.includes(localStorage.getItem('theme')) ? localStorage.getItem('theme') : 'auto';
theme(chosen);
$('theme').addEventListener('click', () => {
  chosen = themes[(themes.indexOf(chosen) + 1) % themes.length];
  localStorage.setItem('theme', chosen);
  theme(chosen);
});
