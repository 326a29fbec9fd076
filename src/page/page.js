// Before and after under a slider. Without this script both stand side by side, as they do on paper.
'use strict';
for (const picture of document.querySelectorAll('.picture')) {
  const stage = picture.querySelector('.stage');
  const slider = picture.querySelector('.slider');
  const range = slider.querySelector('input[type=range]');
  const beside = slider.querySelector('.beside input');
  if (stage.querySelectorAll('img.whole').length < 2) continue;

  const move = (to) => {
    range.value = to;
    range.setAttribute('aria-valuetext', `${Math.round(range.value)} % before`);
    stage.style.setProperty('--at', `${range.value}%`);
  };
  const lay = () => stage.classList.toggle('sliding', !beside.checked);
  const drag = (event) => {
    const box = stage.getBoundingClientRect();
    move((100 * (event.clientX - box.left)) / box.width);
  };

  stage.style.setProperty('--aspect', stage.dataset.width / stage.dataset.height);
  range.addEventListener('input', () => move(range.value));
  beside.addEventListener('change', lay);
  stage.addEventListener('pointerdown', (event) => {
    if (beside.checked || event.button || event.target.closest('a')) return;
    stage.setPointerCapture(event.pointerId);
    drag(event);
    event.preventDefault();
  });
  stage.addEventListener('pointermove', (event) => {
    if (stage.hasPointerCapture(event.pointerId)) drag(event);
  });
  slider.hidden = false;
  move(50);
  lay();
}
