// What the other scripts draw with. Text goes into the page as text only.

const svg = 'http://www.w3.org/2000/svg';

export function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) e.setAttribute(key, '');
    else if (value !== false && value != null) e.setAttribute(key, value);
  }
  e.append(...children.filter((c) => c != null && c !== ''));
  return e;
}

// term is a name and a value of a description list.
export const term = (name, value, attributes = {}) => el('div', {}, el('dt', {}, name), el('dd', attributes, value));

const plain = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });
export const number = (n) => plain.format(n);

// scaled is n in three digits and a unit: 12.3 k.
export function scaled(n) {
  for (const unit of ['', ' k', ' M', ' G']) {
    if (Math.abs(n) < 999.5) return (n < 10 && n % 1 ? n.toFixed(1) : n < 99.5 && unit ? n.toFixed(1) : Math.round(n)) + unit;
    n /= 1000;
  }
  return Math.round(n) + ' T';
}

const two = (n) => String(n).padStart(2, '0');

// stamp is a time of day in UTC, with the day where that is not today's.
export function stamp(ms, now = Date.now()) {
  if (!ms) return '–';
  const t = new Date(ms);
  const time = `${two(t.getUTCHours())}:${two(t.getUTCMinutes())}:${two(t.getUTCSeconds())}`;
  const day = t.toISOString().slice(0, 10);
  return day === new Date(now).toISOString().slice(0, 10) ? time : `${day} ${time}`;
}

export function span(ms) {
  const s = Math.round(ms / 1000);
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} days`;
}

// spark draws values over times as a line, from 0 to the largest of them.
export function spark(points, { width = 200, height = 40, steps = false, loss = false } = {}) {
  const s = document.createElementNS(svg, 'svg');
  s.setAttribute('viewBox', `0 0 ${width} ${height}`);
  s.setAttribute('preserveAspectRatio', 'none');
  s.setAttribute('aria-hidden', 'true');
  if (points.length === 0) return s;
  const first = points[0][0];
  const reach = Math.max(1, points[points.length - 1][0] - first);
  const top = Math.max(1e-9, ...points.map((p) => p[1]));
  const x = (p) => (points.length === 1 ? width : ((p[0] - first) / reach) * width).toFixed(1);
  const y = (p) => (height - 2 - (p[1] / top) * (height - 5)).toFixed(1);
  let path = `M${points.length === 1 ? 0 : x(points[0])} ${y(points[0])}`;
  for (const p of points.length === 1 ? points : points.slice(1)) path += steps ? `H${x(p)}V${y(p)}` : `L${x(p)} ${y(p)}`;
  for (const [kind, d] of [['area', `${path}V${height}H0Z`], [loss && top > 1e-9 ? 'line loss' : 'line', path]]) {
    const e = document.createElementNS(svg, 'path');
    e.setAttribute('class', kind);
    e.setAttribute('d', d);
    s.append(e);
  }
  return s;
}
