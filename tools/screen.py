# SPDX-License-Identifier: MIT
"""The emulated text screen, read back from what Bochs draws on its terminal.

Bochs' term display draws with curses. Told that the terminal is a VT52, curses
has eight commands to choose from, and this is a terminal that knows them.
"""
TERM, COLUMNS = "vt52", 80
ROWS, SCREEN_ROWS = 30, 25  # below the screen Bochs draws a frame and its status


class Screen:
    def __init__(self):
        self.rows = [[" "] * COLUMNS for _ in range(ROWS)]
        self.row = self.column = 0
        self.pending = ""       # an escape sequence that has not ended yet

    def feed(self, data):
        for char in data.decode("latin-1"):
            if self.pending or char == "\x1b":
                self._escape(self.pending + char)
            elif char == "\r":
                self.column = 0
            elif char == "\n":
                self._line_feed()
            elif char == "\b":
                self.column = max(0, self.column - 1)
            elif char == "\t":
                self.column = min(COLUMNS - 1, self.column // 8 * 8 + 8)
            elif char >= " ":
                self.rows[self.row][self.column] = char
                self.column = min(COLUMNS - 1, self.column + 1)

    def _escape(self, sequence):
        self.pending = ""
        if len(sequence) < 2 or (sequence[1] == "Y" and len(sequence) < 4):
            self.pending = sequence
            return
        command = sequence[1]
        if command == "Y":
            self.row = min(ROWS - 1, max(0, ord(sequence[2]) - 32))
            self.column = min(COLUMNS - 1, max(0, ord(sequence[3]) - 32))
        elif command == "H":
            self.row = self.column = 0
        elif command == "A":
            self.row = max(0, self.row - 1)
        elif command == "B":
            self.row = min(ROWS - 1, self.row + 1)
        elif command == "C":
            self.column = min(COLUMNS - 1, self.column + 1)
        elif command == "D":
            self.column = max(0, self.column - 1)
        elif command == "I":
            self._reverse_line_feed()
        elif command in "JK":
            self._clear(to_end_of_screen=command == "J")

    def _clear(self, to_end_of_screen):
        self.rows[self.row][self.column:] = [" "] * (COLUMNS - self.column)
        if to_end_of_screen:
            for row in range(self.row + 1, ROWS):
                self.rows[row] = [" "] * COLUMNS

    def _line_feed(self):
        if self.row < ROWS - 1:
            self.row += 1
        else:
            self.rows = self.rows[1:] + [[" "] * COLUMNS]

    def _reverse_line_feed(self):
        if self.row > 0:
            self.row -= 1
        else:
            self.rows = [[" "] * COLUMNS] + self.rows[:-1]

    def text(self):
        lines = ["".join(row).rstrip() for row in self.rows[:SCREEN_ROWS]]
        while lines and not lines[-1]:
            lines.pop()
        return "\n".join(lines)
