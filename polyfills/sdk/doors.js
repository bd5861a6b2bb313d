// @ts-check
/**
 * Doors that stay shut: channels of a page whose traffic no browser tells its host of.
 *
 * Owns: which, and how a try is reported. Must not know: what else a polyfill may do.
 */
(() => {
  "use strict";

  const sdk = /** @type {any} */ ((/** @type {any} */ (globalThis)).__polyhost_sdk ??= {});

  const scope = /** @type {any} */ (globalThis);
  /** How a try is reported that names no host, and how many hosts of one try are. */
  const WEBRTC = "(webrtc)";
  const WEBTRANSPORT = "(webtransport)";
  const SHARED_WORKER = "(shared worker)";
  const FENCED_HOSTS = 10;

  /**
   * Channels whose traffic no browser tells its host of. Nothing gets through them either way (the fence resolves no
   * foreign name and no address), but here a try is heard of. The site's own scripts, in their world, keep theirs.
   * @param {(method: string, params: Record<string, unknown>) => Promise<any>} call
   * @param {string} name @param {(first: any) => string[]} hostsOf
   */
  function shut(call, name, hostsOf) {
    if (!(name in scope)) return;
    scope[name] = class {
      /** @param {any} first */
      constructor(first) {
        void call("fenced", { hosts: hostsOf(first).slice(0, FENCED_HOSTS) });
        throw new DOMException(`${name} is shut to polyfills; use host.request`, "NotAllowedError");
      }
    };
  }

  /** @param {any} configuration */
  function iceHosts(configuration) {
    const urls = [...(configuration?.iceServers ?? [])].flatMap((server) => server?.urls ?? server?.url ?? []);
    const hosts = urls.map((url) => /^(?:stun|turn)s?:(?:\[([^\]]+)\]|([^:?]+))/i.exec(String(url)));
    return hosts.length > 0 ? hosts.map((found) => found?.[1] ?? found?.[2] ?? WEBRTC) : [WEBRTC];
  }

  /** @param {any} address */
  function transportHost(address) {
    try {
      return new URL(address).hostname.replace(/^\[|\]$/g, "");
    } catch {
      return WEBTRANSPORT;
    }
  }

  /** @param {(method: string, params: Record<string, unknown>) => Promise<any>} call */
  sdk.shutDoors = (call) => {
    shut(call, "RTCPeerConnection", iceHosts);
    shut(call, "webkitRTCPeerConnection", iceHosts);
    shut(call, "WebTransport", (address) => [transportHost(address)]);
    shut(call, "SharedWorker", () => [SHARED_WORKER]);
  };
})();
