// Times are sent in UTC, so that they can be read without this; with it they are shown in the reader's own zone.
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.textContent = (time.matches(".clock") ? clock : date).format(new Date(time.dateTime));
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

// The stream says when the reader's session has ended: the page loads anew, which leads to the log-in and back here.
function loadAnew(event) {
  event.target.close();
  location.reload();
}

refresh(document);
document.addEventListener("htmx:sseOpen", (event) => event.detail.source.addEventListener("logged-out", loadAnew));
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
