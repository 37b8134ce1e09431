#!/usr/bin/env python3
"""Records the program in a terminal, and writes what is seen as SVG.

    docs/media/record.py target/release/sheave

It runs the program: a server with a file, a download that Ctrl-C stops half-way, and the same
command again. Nothing of it is made up. What comes out, beside this script:

    recording-light.svg, recording-dark.svg     the session at 80 columns, moving
    screen-40.svg, screen-80.svg, screen-120.svg  the download half-way, at rest
"""

import codecs
import fcntl
import html
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

ROWS = 14
RATE = "48MiB"
SIZE = 300 << 20
NAME = "disk.img"
# A frame is kept no shorter than this, in seconds, and the last one for so long.
FRAME, LAST = 0.2, 4.0
CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.4, 18, 14

THEMES = {
    "light": {"back": "#ffffff", "text": "#1f2328", "edge": "#d1d9e0", "2": "#1a7f37", "3": "#9a6700",
              "6": "#1b7c83", "1": "#cf222e", "8": "#818b98"},
    "dark": {"back": "#0d1117", "text": "#e6edf3", "edge": "#3d444d", "2": "#3fb950", "3": "#d29922",
             "6": "#39c5cf", "1": "#f85149", "8": "#848d97"},
}


class Terminal:
    """As much of a terminal as the program asks for: a grid of characters with a colour each."""

    # A control sequence; another escape; a control character; text.
    TOKEN = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b.|[\x00-\x1f]|[^\x00-\x1f\x1b]+")

    def __init__(self, columns):
        self.columns = columns
        self.lines = [[]]
        self.row = self.column = 0
        self.colour = None

    def feed(self, text):
        for token in self.TOKEN.finditer(text):
            if token[2]:
                self.control(token[1], token[2])
            elif token[0] == "\r":
                self.column = 0
            elif token[0] == "\n":
                self.row += 1
                while len(self.lines) <= self.row:
                    self.lines.append([])
            elif token[0][0] >= " ":
                for character in token[0]:
                    self.put(character)

    def put(self, character):
        if self.column >= self.columns:
            self.feed("\r\n")
        line = self.lines[self.row]
        line.extend([(" ", None)] * (self.column - len(line)))
        line[self.column:self.column + 1] = [(character, self.colour)]
        self.column += 1

    def control(self, arguments, command):
        number = int(arguments) if arguments.isdigit() else 0
        if command == "A":
            self.row = max(0, self.row - max(1, number))
        elif command == "B":
            self.row = min(len(self.lines) - 1, self.row + max(1, number))
        elif command == "K":
            line = self.lines[self.row]
            self.lines[self.row] = [] if number == 2 else line[:self.column]
        elif command == "m":
            for part in arguments.split(";"):
                if part in ("", "0", "39"):
                    self.colour = None
                elif part in ("2", "90"):
                    self.colour = "8"
                elif re.fullmatch("3[1236]", part):
                    self.colour = part[1]
        elif command not in "hl":
            sys.exit(f"record.py: the program sent ESC [ {arguments} {command}, which is not known here")

    def screen(self):
        """The last lines, without spaces at their ends."""
        lines = [list(line) for line in self.lines]
        while len(lines) > 1 and not lines[-1]:
            lines.pop()
        return [tuple(line) for line in lines[-ROWS:]]


class Recording:
    """Frames with the time at which each is first seen."""

    def __init__(self, columns):
        self.terminal = Terminal(columns)
        self.frames = []
        self.start = time.monotonic()

    def look(self):
        now, screen = time.monotonic() - self.start, self.terminal.screen()
        if self.frames and self.frames[-1][1] == screen:
            return
        if self.frames and now - self.frames[-1][0] < FRAME:
            self.frames[-1] = (self.frames[-1][0], screen)
            return
        self.frames.append((now, screen))

    def type(self, text):
        """What a person types at the prompt, at the pace of one."""
        self.terminal.feed("$ ")
        for character in text:
            self.terminal.feed(character)
            time.sleep(0.03)
            self.look()
        time.sleep(0.4)
        self.terminal.feed("\r\n")

    def run(self, arguments, directory, until=None):
        """Runs a command to its end, or until `until(screen)`, and then as Ctrl-C ends it."""
        child, descriptor = pty.fork()
        if child == 0:
            os.chdir(directory)
            os.environ.update(TERM="xterm-256color", LANG="C.UTF-8", PATH="")
            for name in ("NO_COLOR", "CLICOLOR", "CI", "COLUMNS", "LINES"):
                os.environ.pop(name, None)
            os.execv(arguments[0], ["sheave", *arguments[1:]])
        size = struct.pack("HHHH", ROWS, self.terminal.columns, 0, 0)
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, size)
        decoder = codecs.getincrementaldecoder("utf-8")()
        while True:
            ready, _, _ = select.select([descriptor], [], [], 0.05)
            if ready:
                try:
                    read = os.read(descriptor, 1 << 16)
                except OSError:
                    break
                if not read:
                    break
                self.terminal.feed(decoder.decode(read))
            self.look()
            if until and until(self.terminal.screen()):
                os.write(descriptor, b"\x03")
                until = None
        os.close(descriptor)
        _, status = os.waitpid(child, 0)
        self.look()
        return os.waitstatus_to_exitcode(status)


def text_of(screen):
    return "\n".join("".join(character for character, _ in line) for line in screen)


def is_past(percent):
    def past(screen):
        numbers = [int(number) for number in re.findall(r"(\d+)%", text_of(screen))]
        return bool(numbers) and numbers[-1] >= percent
    return past


def runs_of(line):
    """Pieces of one colour: where each begins, its colour and its text."""
    pieces = []
    for column, (character, colour) in enumerate(line):
        if pieces and pieces[-1][1] == colour:
            pieces[-1][2].append(character)
        else:
            pieces.append((column, colour, [character]))
    return pieces


def drawn(screen, top):
    parts = []
    for row, line in enumerate(screen):
        for column, colour, characters in runs_of(line):
            text = "".join(characters)
            if not text.strip():
                continue
            x, y = MARGIN + column * CELL_WIDTH, top + (row + 1) * CELL_HEIGHT - 5
            style = f' class="c{colour}"' if colour else ""
            parts.append(f'<text x="{x:.1f}" y="{y}" textLength="{len(text) * CELL_WIDTH:.1f}"'
                         f'{style}>{html.escape(text)}</text>')
    return "".join(parts)


def svg(columns, rows, theme, body, more="", label=""):
    width, height = 2 * MARGIN + columns * CELL_WIDTH, 2 * MARGIN + rows * CELL_HEIGHT

    def rules(colours):
        named = "".join(f".c{name}{{fill:{value}}}" for name, value in colours.items() if len(name) == 1)
        return (f"text{{fill:{colours['text']}}}{named}"
                f"rect{{fill:{colours['back']};stroke:{colours['edge']}}}")
    style = rules(THEMES[theme or "light"])
    if theme is None:
        style += f"@media (prefers-color-scheme:dark){{{rules(THEMES['dark'])}}}"
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" '
            f'aria-label="{html.escape(label)}">\n<style>text{{font:14px ui-monospace,Menlo,Consolas,'
            f'"DejaVu Sans Mono",monospace;white-space:pre}}{style}{more}</style>\n'
            f'<rect x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1}" rx="8"/>\n{body}\n</svg>\n')


def moving(frames, columns, theme):
    """All frames beneath one another behind a window; time moves them up past it."""
    rows = max(len(screen) for _, screen in frames)
    # Another frame than the one before begins where that one ends.
    step = rows * CELL_HEIGHT
    total = frames[-1][0] + LAST
    stops = "".join(f"{100 * at / total:.3f}%{{transform:translateY(-{number * step}px)}}"
                    for number, (at, _) in enumerate(frames))
    stops += f"100%{{transform:translateY(-{(len(frames) - 1) * step}px)}}"
    more = f"@keyframes play{{{stops}}}.film{{animation:play {total:.1f}s step-end infinite}}"
    film = "\n".join(drawn(screen, number * step) for number, (_, screen) in enumerate(frames))
    width = 2 * MARGIN + columns * CELL_WIDTH
    body = (f'<svg y="{MARGIN}" width="{width:.0f}" height="{step}"><g class="film">\n{film}\n</g></svg>')
    label = "A download is stopped half-way with Ctrl-C, and the same command continues it."
    return svg(columns, rows, theme, body, more, label)


def serving(program, directory):
    server = subprocess.Popen([program, "serve", "--bind", "127.0.0.1:0", "--rate", RATE, directory],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in server.stdout:
        found = re.search(r"http://\S+", line)
        if found:
            return server, found[0].rstrip("/")
    sys.exit("record.py: the server did not start")


def main():
    program = os.path.abspath(sys.argv[1])
    into = pathlib.Path(__file__).parent
    with tempfile.TemporaryDirectory() as served, tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(served, NAME), "wb") as file:
            file.truncate(SIZE)
        os.utime(os.path.join(served, NAME), (0, 10**9))
        server, base = serving(program, served)
        try:
            url = f"{base}/{NAME}"
            recording = Recording(80)
            recording.type(f"sheave {url}")
            stopped = recording.run([program, url], directory, until=is_past(45))
            time.sleep(0.8)
            recording.type(f"sheave {url}")
            ended = recording.run([program, url], directory)
            if (stopped, ended) != (130, 0):
                sys.exit(f"record.py: the runs ended with {stopped} and {ended}, not 130 and 0")
            for theme in THEMES:
                text = moving(recording.frames, 80, theme)
                (into / f"recording-{theme}.svg").write_text(text)
            for columns in (40, 80, 120):
                still = Recording(columns)
                with tempfile.TemporaryDirectory() as anew:
                    still.run([program, url], anew, until=is_past(60))
                screen = next(screen for _, screen in still.frames if is_past(50)(screen))
                label = f"A download at {columns} columns"
                text = svg(columns, len(screen), None, drawn(screen, MARGIN), label=label)
                (into / f"screen-{columns}.svg").write_text(text)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()


if __name__ == "__main__":
    main()
