"""From bytes to frames: schema, decode, reader.

Read in this order; each module needs only those above it.

``types``, ``columns``   what a frame looks like, and which of its columns a caller keeps
``lines``                arriving bytes, cut into blocks of whole lines that know where they stand
``spelling``             one line of JSON and back, numbers as spelled
``values``               one value, typed or rescued
``exact``                the exact path: a line at a time, out of the three above
``layout``, ``compiled`` the fast path: a strict reader in C (``compiled.c``)
``checks``, ``fast``     the fast path without a C compiler: Arrow, and what is looked for before it
                         is believed
``decode``               a part: fast where it can be, exact where it must be
``parquet``              the decoded part on disk
``reader``, ``rescue``   parts on disk as one lazy frame, in any backend
``merge``                the frames of several exports as one
``drift``                what Mews sent that its documentation does not know
"""
