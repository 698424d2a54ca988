"""How our pages about a render look: dark, and readable on a phone."""

STYLE = """:root { color-scheme: dark; --ground: #101218; --panel: #171a22; --grid: #2a2f3c;
  --ink: #e6e9f0; --dim: #98a0b3; --blue: #6cb6ff; --warm: #f7a35c }
* { box-sizing: border-box }
body { background: var(--ground); color: var(--ink); margin: 0 auto; padding: 20px 16px 48px;
  max-width: 1100px; font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 26px; line-height: 1.2; margin: 8px 0 4px }
h2 { font-size: 15px; font-weight: 600; color: var(--dim); margin: 32px 0 10px }
p { margin: 4px 0 12px; color: var(--dim) }
a { color: var(--blue) }
video, img { display: block; width: 100%; border-radius: 8px; background: var(--panel) }
video { margin: 0 auto }
code, pre { font: 13px/1.5 ui-monospace, monospace }
pre { background: var(--panel); padding: 12px 14px; border-radius: 8px; margin: 0 0 8px;
  white-space: pre-wrap; user-select: all }
table { width: 100%; border-collapse: collapse }
td { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--grid); vertical-align: top }
td:first-child { color: var(--dim) }
.sheet { display: grid; gap: 8px; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)) }
figure { margin: 0 }
figcaption { color: var(--dim); font-size: 12px; display: flex; justify-content: space-between }
.chart { background: var(--panel); border-radius: 8px; padding: 10px 12px; margin: 0 0 8px }
.chart svg { display: block; width: 100%; height: 72px; margin: 6px 0 }
.chart b { font-weight: 600; color: var(--ink) }
.numbers { display: grid; gap: 8px; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)) }
.numbers div { background: var(--panel); border-radius: 8px; padding: 10px 12px; color: var(--dim);
  font-size: 12px }
.numbers b { display: block; font-size: 20px; font-weight: 600; color: var(--ink) }
.bar { height: 10px; border-radius: 5px; background: var(--grid); overflow: hidden; display: flex }
.bar i { display: block; background: var(--blue) }
"""
