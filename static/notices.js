/* Tells somebody who does not look at Holdfast, by notices of this browser, of what is for them. Pages load it only where
   that was turned on, and the page on which it is. */
(() => {
  "use strict";
  const { ask, workspace, sound } = document.currentScript.dataset;
  const LOOKED_AT = "holdfast-looked-at", TOLD = "holdfast-told", KEPT = 200, LIMIT_MS = 10000;

  // --- the page on which it is turned on -------------------------------------------------------------------------
  const form = document.getElementById("browser-notices");
  if (form) {
    const said = form.querySelector("[role=status]");
    form.hidden = false;
    let granted = false;
    form.addEventListener("submit", async (event) => {
      const { submitter } = event;
      if (granted || submitter.value === "off") return;
      event.preventDefault();
      try {
        if ((await Notification.requestPermission()) !== "granted")
          return (said.textContent = "This browser does not let Holdfast show notices: allow them for this address in its settings.");
        new Notification("You are told here", { body: "Of what is for you, while you do not look at Holdfast.", silent: true });
      } catch {
        return (said.textContent = "This browser shows no notices of open pages. Mail reaches you instead.");
      }
      granted = true;
      form.requestSubmit(submitter);
    });
  }
  if (!ask || !navigator.locks || !window.Notification || Notification.permission !== "granted") return;

  // --- whether anybody looks: a tab that is looked at holds a lock, which ends with the tab -------------------------
  let looking = false, leave = () => {};
  function look() {
    const now = !document.hidden && document.hasFocus();
    if (now === looking) return;
    looking = now;
    if (!looking) return leave();
    navigator.locks.request(LOOKED_AT, { mode: "shared" }, () => looking && new Promise((resolve) => (leave = resolve)));
  }
  addEventListener("focus", look);
  addEventListener("blur", look);
  document.addEventListener("visibilitychange", look);
  look();
  const lookedAt = async () => looking || (await navigator.locks.query()).held.some(({ name }) => name === LOOKED_AT);

  // --- a notice ----------------------------------------------------------------------------------------------------
  function isNew(key) {
    const told = JSON.parse(localStorage.getItem(TOLD) ?? "[]");
    if (told.includes(key)) return false;
    localStorage.setItem(TOLD, JSON.stringify([...told, key].slice(-KEPT)));
    return true;
  }
  function tell({ key, title, body, url }) {
    const notice = new Notification(title, { body, tag: key, silent: true });
    notice.onclick = () => {
      notice.close();
      window.focus();
      if (window.holdfast.written?.()) open(url); // what is being typed stays
      else location.assign(url);
    };
  }
  function ring() {
    const audio = new AudioContext();
    const volume = new GainNode(audio, { gain: 0.1 });
    volume.connect(audio.destination);
    [660, 880].forEach((frequency, place) => {
      const tone = new OscillatorNode(audio, { frequency });
      tone.connect(volume);
      tone.start(audio.currentTime + place * 0.15);
      tone.stop(audio.currentTime + (place + 1) * 0.15);
      if (place) tone.onended = () => audio.close();
    });
  }

  // The tab that asks the server for all others tells for all others, too (live.js).
  addEventListener("holdfast:asked", async ({ detail }) => {
    let told = 0;
    for (const [id, leads] of Object.entries(detail)) {
      if (!leads.length || (await lookedAt())) continue;
      const query = leads.includes("*") ? "" : "?" + leads.map((lead) => `lead=${lead}`).join("&");
      const answer = await fetch(ask.replace(workspace, id) + query, { cache: "no-store", signal: AbortSignal.timeout(LIMIT_MS) }).catch(() => null);
      if (!answer?.ok) continue;
      for (const one of (await answer.json()).news)
        if (isNew(one.key)) {
          tell(one);
          told++;
        }
    }
    if (told && sound) ring();
  });
})();
