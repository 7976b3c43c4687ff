// Times are sent in UTC, so that they can be read without this; with it they are shown in the reader's own zone.
const format = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.textContent = format.format(new Date(time.dateTime));
  }
}

// A log is read from its end.
function showEnd(root) {
  for (const log of root.querySelectorAll("pre.log")) log.scrollTop = log.scrollHeight;
}

function refresh(root) {
  localTimes(root);
  showEnd(root);
}

refresh(document);
// What the reader had opened stays open when a newer picture comes.
let opened = [];
document.addEventListener("htmx:sseBeforeMessage", (event) => {
  opened = [...event.target.querySelectorAll("details")].map((details) => details.open);
});
document.addEventListener("htmx:afterSwap", (event) => {
  event.target.querySelectorAll("details").forEach((details, index) => {
    if (opened[index] !== undefined) details.open = opened[index];
  });
  refresh(event.target);
});
