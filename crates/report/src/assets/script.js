'use strict';
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // A click on a column title sorts by it, a second click in reverse; missing values come last.
  const key = (cell) => {
    const text = cell.dataset.v ?? cell.textContent.trim();
    const number = Number(text.replace(/,/g, ''));
    return text === '' || text === '–' ? null : Number.isNaN(number) ? text : number;
  };
  const compare = (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b)));
  const sort = (title) => {
    const table = title.closest('table');
    const body = table.tBodies[0];
    const down = title.getAttribute('aria-sort') === 'descending' ? 1 : title.getAttribute('aria-sort') === 'ascending' ? -1 : title.matches('.n, .h') ? -1 : 1;
    all('th[aria-sort]', table.tHead).forEach((other) => other.removeAttribute('aria-sort'));
    title.setAttribute('aria-sort', down === 1 ? 'ascending' : 'descending');
    const rows = [...body.rows].map((row) => [key(row.cells[title.cellIndex]), row]);
    rows.sort(([a], [b]) => (a === null ? (b === null ? 0 : 1) : b === null ? -1 : down * compare(a, b)));
    body.append(...rows.map(([, row]) => row));
  };
  all('thead th').forEach((title) => title.querySelector('button').addEventListener('click', () => sort(title)));

  // The filter applies to every row of every table, and to the leaders.
  const rows = [...all('tbody tr').map((row) => [row, row.textContent.toLowerCase()]), ...all('[data-row]').map((row) => [row, row.dataset.row.toLowerCase()])];
  const filter = document.getElementById('filter');
  const applyFilter = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach(([row, text]) => { row.hidden = !words.every((word) => text.includes(word)); });
  };
  filter.addEventListener('input', applyFilter);
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      filter.focus();
    } else if (event.key === 'Escape' && document.activeElement === filter) {
      filter.value = '';
      applyFilter();
    }
  });

  // The theme follows the system until it is changed here; pages opened from a file may have no storage.
  const root = document.documentElement;
  const memory = { get: () => { try { return localStorage.getItem('theme'); } catch { return null; } }, set: (theme) => { try { localStorage.setItem('theme', theme); } catch { /* none */ } } };
  const dark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);
  if (memory.get()) root.dataset.theme = memory.get();
  document.getElementById('theme').addEventListener('click', () => {
    root.dataset.theme = dark() ? 'light' : 'dark';
    memory.set(root.dataset.theme);
  });

  // Highlight the section that is in view.
  const links = new Map(all('nav a').map((link) => [link.hash.slice(1), link]));
  const watch = new IntersectionObserver((seen) => {
    seen.forEach((entry) => links.get(entry.target.id)?.classList.toggle('here', entry.isIntersecting));
  }, { rootMargin: '-40% 0px -55% 0px' });
  all('section').forEach((section) => watch.observe(section));
})();
