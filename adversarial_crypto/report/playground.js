"use strict";
// A message through the trained networks: flip bits, cut the ciphertext to a few bits, and try all keys.

(() => {
  const all = JSON.parse(document.getElementById("play").textContent);
  for (const place of document.querySelectorAll("[data-play]")) playground(place, all[place.dataset.play]);

  function playground(place, data) {
    const { message_bits: n, key_bits: k } = data;
    const state = { replica: 0, message: bitsOf(0, n), key: bitsOf(0, k), bits: 0, before: null, worker: null };
    const letters = Math.max(Math.floor(n / 8), 1);
    const players = {}, replay = data.replay;
    const parts = build();
    choose(0);
    write("Hi".slice(0, letters).padEnd(letters, "!"));
    randomKey();

    function choose(index) {
      state.replica = index;
      for (const [name, layers] of Object.entries(data.layers)) {
        players[name] = player(layers, numbersOf(data.replicas[index].weights[name]));
      }
      state.before = null;
      if (replay) {
        parts.step.disabled = index !== replay.replica;
        parts.step.value = replay.steps.length - 1;
        told();
      }
    }

    // The players as they were at a snapshot; the last one are those that were kept.
    function rewind(shot) {
      if (shot === replay.steps.length - 1) return choose(replay.replica);
      for (const [name, text] of Object.entries(replay.weights[shot])) players[name] = player(data.layers[name], numbersOf(text));
      state.before = null;
      told();
    }

    // Bob's and Eve's errors at this moment, over random messages and keys.
    function told() {
      const shot = Number(parts.step.value), trials = 200;
      let bob = 0, eve = 0;
      const random = (count) => Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) => (byte & 1 ? 1 : -1));
      const errors = (said, message) => said.reduce((sum, x, i) => sum + Math.abs(x - message[i]) / 2, 0) / trials;
      for (let i = 0; i < trials; i++) {
        const message = random(n), key = random(k), ciphertext = players.alice(join(message, key));
        bob += errors(players.bob(join(ciphertext, key)), message);
        eve += errors(players.eve(ciphertext), message);
      }
      const step = shot === replay.steps.length - 1 ? "trained" : `step ${replay.steps[shot].toLocaleString("en")}`;
      parts.moment.textContent = `Training: ${step} (Bob ${bob.toFixed(2)}, Eve ${eve.toFixed(2)} of ${n} bits wrong)`;
    }

    function shown(x) { return state.bits ? quantised(x, state.bits) : x; }

    function write(text) {
      const bytes = new TextEncoder().encode(text), bits = [];
      for (let i = 0; i < n; i++) bits.push(i >> 3 < bytes.length && (bytes[i >> 3] >> (7 - (i & 7))) & 1 ? 1 : -1);
      state.message = bits;
      parts.text.value = text;
    }

    function randomKey() {
      state.key = Array.from(crypto.getRandomValues(new Uint8Array(k)), (byte) => (byte & 1 ? 1 : -1));
      state.before = null;
      show();
    }

    function textOf(bits) {
      if (n % 8) return "";
      const bytes = new Uint8Array(n / 8);
      bits.forEach((bit, i) => { if (bit > 0) bytes[i >> 3] |= 128 >> (i & 7); });
      return Array.from(bytes, (byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    }

    function show() {
      stop();
      const ciphertext = players.alice(join(state.message, state.key)).map(shown);
      const before = state.before || ciphertext;
      flips(parts.message, state.message, "message");
      flips(parts.key, state.key, "key");
      parts.ciphertext.replaceChildren(...Array.from(ciphertext, (x, i) => cell(x, Math.abs(x - before[i]) > 0.1)));
      const early = replay && Number(parts.step.value) < replay.steps.length - 1;
      for (const [name, row] of Object.entries(parts.readers)) {
        if (early && name !== "bob" && name !== "eve") {
          row.replaceChildren(reads("was trained against the end of this training"));
          continue;
        }
        const said = signs(players[name](name === "bob" ? join(ciphertext, state.key) : ciphertext));
        const wrong = said.filter((bit, i) => bit !== state.message[i]).length;
        const cells = said.map((bit, i) => mark(bit, bit !== state.message[i]));
        row.replaceChildren(...cells, reads(`${textOf(said)}  ${wrong} wrong`));
      }
      parts.found.textContent = "";
      state.before = ciphertext;
      state.ciphertext = ciphertext;
    }

    function flips(row, bits, word) {
      if (row.children.length !== bits.length) {
        row.replaceChildren(...bits.map((_, i) => {
          const button = document.createElement("button");
          button.type = "button";
          button.className = "cell";
          button.addEventListener("click", () => {
            state[word][i] = -state[word][i];
            if (word === "message") parts.text.value = textOf(state.message);
            show();
          });
          return button;
        }));
      }
      bits.forEach((bit, i) => {
        const button = row.children[i];
        button.textContent = bit > 0 ? "1" : "0";
        button.setAttribute("aria-pressed", String(bit > 0));
        button.setAttribute("aria-label", `${word} bit ${i + 1}`);
      });
    }

    function cell(x, moved) {
      const span = document.createElement("span");
      span.className = moved ? "cell number moved" : "cell number";
      span.style.background = `color-mix(in srgb, ${x > 0 ? "var(--eve)" : "var(--bob)"} ${Math.round(Math.abs(x) * 55)}%, var(--paper))`;
      span.textContent = x.toFixed(2);
      return span;
    }

    function mark(bit, wrong) {
      const span = document.createElement("span");
      span.className = wrong ? "cell wrong" : "cell";
      span.textContent = bit > 0 ? "1" : "0";
      if (wrong) span.title = "wrong";
      return span;
    }

    function reads(text) {
      const span = document.createElement("span");
      span.className = "reads";
      span.textContent = text;
      return span;
    }

    // All keys, on the ciphertext alone: the key whose reading, encrypted again, gives this ciphertext.
    function tryKeys() {
      stop();
      const source = `${document.getElementById("networks").textContent}
        onmessage = ({ data }) => {
          const alice = player(data.layers.alice, numbersOf(data.weights.alice));
          const bob = player(data.layers.bob, numbersOf(data.weights.bob));
          const shown = (x) => (data.bits ? quantised(x, data.bits) : x), keys = 2 ** data.keyBits, piece = 2048;
          let best = { distance: Infinity };
          for (let first = 0; first < keys; first += piece) {
            const found = search(alice, bob, data.ciphertext, data.keyBits, shown, first, Math.min(first + piece, keys));
            if (found.distance < best.distance) best = found;
            postMessage({ done: Math.min(first + piece, keys) / keys, best });
          }
        };`;
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      const started = performance.now();
      state.worker = new Worker(url);
      parts.progress.hidden = false;
      state.worker.onmessage = ({ data: { done, best } }) => {
        parts.progress.value = done;
        if (done < 1) return;
        URL.revokeObjectURL(url);
        stop();
        const right = best.message.every((bit, i) => bit === state.message[i]);
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        const key = bitsOf(best.key, k).map((bit) => (bit > 0 ? "1" : "0")).join("");
        const bits = best.message.map((bit) => (bit > 0 ? "1" : "0")).join("");
        parts.found.textContent = `Without the key: ${textOf(best.message) || bits} (${bits}), under the key ${key}; ` +
          `${right ? "that is the message" : "that is not the message"}. ${(2 ** k).toLocaleString("en")} keys in ${seconds} s.`;
        parts.found.dataset.right = String(right);
      };
      const { layers } = data, shot = replay && !parts.step.disabled ? Number(parts.step.value) : Infinity;
      const weights = shot < (replay ? replay.steps.length - 1 : 0) ? replay.weights[shot] : data.replicas[state.replica].weights;
      state.worker.postMessage({ layers, weights, bits: state.bits, keyBits: k, ciphertext: Array.from(state.ciphertext) });
    }

    function stop() {
      if (state.worker) state.worker.terminate();
      state.worker = null;
      parts.progress.hidden = true;
      parts.progress.value = 0;
    }

    function build() {
      const made = { readers: {} };
      const controls = element("div", "controls"), words = element("div", "words");
      made.text = control(controls, `Message (${letters} characters)`, "input", { type: "text", maxLength: letters });
      made.text.addEventListener("input", () => { write(made.text.value); show(); });
      const fresh = element("button");
      fresh.type = "button";
      fresh.textContent = "Another key";
      fresh.addEventListener("click", randomKey);
      controls.append(fresh);
      const slider = control(controls, "Bits sent of each element: all", "input", { type: "range", min: 1, max: 13, value: 13 });
      slider.addEventListener("input", () => {
        state.bits = slider.value > 12 ? 0 : Number(slider.value);
        slider.parentElement.firstChild.textContent = `Bits sent of each element: ${state.bits || "all"}`;
        state.before = null;
        show();
      });
      if (replay) {
        made.step = control(controls, "Training", "input", { type: "range", min: 0, max: replay.steps.length - 1 });
        made.moment = made.step.parentElement.firstChild;
        made.step.addEventListener("input", () => { rewind(Number(made.step.value)); show(); });
      }
      const which = control(controls, "Replica", "select", {});
      data.replicas.forEach((replica, i) => {
        const option = element("option");
        option.value = i;
        option.textContent = `${replica.number}${replica.passed ? "" : " (did not pass)"}`;
        which.append(option);
      });
      which.addEventListener("change", () => { choose(Number(which.value)); show(); });
      made.message = row(words, "Message", "bits of the message");
      made.key = row(words, "Key", "bits of the key");
      made.ciphertext = row(words, "Ciphertext", "elements of the ciphertext; framed are those that the last change moved");
      for (const name of Object.keys(data.layers)) {
        if (name === "alice") continue;
        const label = { bob: "Bob reads", eve: "Eve reads" }[name] || `${name[0].toUpperCase()}${name.slice(1)} reads`;
        made.readers[name] = row(words, label, label);
      }
      const tries = element("div", "controls"), button = element("button");
      button.type = "button";
      button.textContent = data.searchable ? `Try all ${(2 ** k).toLocaleString("en")} keys` : `2^${k} keys are too many to try here`;
      button.disabled = !data.searchable;
      button.addEventListener("click", tryKeys);
      made.progress = element("progress");
      made.progress.hidden = true;
      made.progress.max = 1;
      made.progress.setAttribute("aria-label", "keys tried");
      made.found = element("p");
      made.found.setAttribute("role", "status");
      tries.append(button, made.progress);
      place.append(controls, words, tries, made.found);
      return made;
    }

    function control(parent, text, tag, settings) {
      const label = element("label"), words = element("span"), input = element(tag);
      words.textContent = text;
      Object.assign(input, settings);
      label.append(words, input);
      parent.append(label);
      return input;
    }

    function row(parent, text, words) {
      const label = element("div"), cells = element("div", "cells");
      label.textContent = text;
      cells.setAttribute("role", "group");
      cells.setAttribute("aria-label", words);
      parent.append(label, cells);
      return cells;
    }

    function element(tag, name) {
      const made = document.createElement(tag);
      if (name) made.className = name;
      return made;
    }
  }
})();
