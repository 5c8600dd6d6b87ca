//! Odd components: a good one with a part that nobody asked for, as foreign tools and hostile hands make them. What is put
//! in is written byte by byte, so that no encoder refuses it.

/// A component that grows.
#[derive(Debug, Clone)]
pub struct Odd {
    bytes: Vec<u8>,
    modules: usize,
}

/// Parts of a core module, in their order.
#[derive(Debug, Default, Clone)]
pub struct Module(Vec<u8>);

// === impl Odd ===

impl Odd {
    /// Begin with a component.
    #[must_use]
    pub fn of(component: &[u8]) -> Self {
        let (mut modules, mut rest) = (0, component.get(8..).unwrap_or_default());
        while let Some((&kind, after)) = rest.split_first() {
            let (size, content) = read_number(after);
            modules += usize::from(kind == 1);
            rest = content.get(size..).unwrap_or_default();
        }
        let bytes = component.to_vec();
        Self { bytes, modules }
    }

    /// With a custom section of so many bytes.
    #[must_use]
    pub fn padded(mut self, bytes: usize) -> Self {
        let content = [b"\x03pad", vec![0; bytes].as_slice()].concat();
        self.bytes.extend(section(0, &content));
        self
    }

    /// With a module that nobody instantiates.
    #[must_use]
    pub fn with(mut self, module: &Module) -> Self {
        let module = [b"\0asm\x01\0\0\0", module.0.as_slice()].concat();
        self.bytes.extend(section(1, &module));
        self.modules += 1;
        self
    }

    /// With a type of a component that is in a component, so many times.
    #[must_use]
    pub fn nested(mut self, depth: usize) -> Self {
        let types = [b"\x01".as_slice(), &b"\x41\x01\x01".repeat(depth), b"\x41\0"].concat();
        self.bytes.extend(section(7, &types));
        self
    }

    /// With an instance of the last module.
    #[must_use]
    pub fn instantiated(mut self) -> Self {
        let instance = [&[1, 0], number(self.modules - 1).as_slice(), &[0]].concat();
        self.bytes.extend(section(2, &instance));
        self
    }

    /// The same bytes with one text instead of another of the same length.
    ///
    /// # Panics
    /// They differ in length, or there is nothing to replace.
    #[must_use]
    pub fn renamed(mut self, from: &str, to: &str) -> Self {
        assert_eq!(from.len(), to.len(), "{to}");
        let (mut at, mut found) = (0, 0);
        while let Some(window) = self.bytes.get(at..at + from.len()) {
            if window == from.as_bytes() {
                self.bytes.splice(at..at + from.len(), to.bytes());
                found += 1;
            }
            at += 1;
        }
        assert!(found > 0, "{from} is not there");
        self
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

// === impl Module ===

impl Module {
    /// With so many functions of so many bytes each, part of which computes.
    #[must_use]
    pub fn functions(mut self, count: usize, bytes: usize) -> Self {
        let code = [
            b"\x01\x01\x7f".as_slice(),
            &b"\x20\0\x41\x03\x6a\x21\0".repeat(40),
            &vec![1; bytes],
            b"\x0b",
        ];
        let code = vector(&code.concat());
        self.0.extend(section(1, b"\x01\x60\0\0"));
        self.0
            .extend(section(3, &[number(count), vec![0; count]].concat()));
        self.0
            .extend(section(10, &[number(count), code.repeat(count)].concat()));
        self
    }

    /// With a function of these instructions.
    #[must_use]
    pub fn function(self, instructions: &[u8]) -> Self {
        self.of_one(&[b"\0", instructions].concat())
    }

    /// With a function of these locals and instructions.
    fn of_one(mut self, body: &[u8]) -> Self {
        let code = vector(&[body, b"\x0b"].concat());
        self.0.extend(section(1, b"\x01\x60\0\0"));
        self.0.extend(section(3, b"\x01\0"));
        self.0.extend(section(10, &[b"\x01", code.as_slice()].concat()));
        self
    }

    /// With a function that is small to write and large to compile: each of so many loops hands all locals round.
    #[must_use]
    pub fn bomb(self, loops: usize, locals: usize) -> Self {
        let mut body = [b"\x01", number(locals).as_slice(), b"\x7e"].concat();
        body.extend(b"\x03\x40".repeat(loops));
        for local in 0..locals {
            let local = number(local);
            body.extend([b"\x20", local.as_slice(), b"\x42\x01\x7c\x21", &local].concat());
        }
        body.extend(b"\x20\0\xa7\x0d\0\x0b".repeat(loops));
        self.of_one(&body)
    }

    /// With so many tables of so many elements.
    #[must_use]
    pub fn tables(mut self, count: usize, elements: usize) -> Self {
        let table = [b"\x70\0", number(elements).as_slice()].concat();
        self.0
            .extend(section(4, &[number(count), table.repeat(count)].concat()));
        self
    }

    /// With so many memories with these flags: a page at first, and at most.
    #[must_use]
    pub fn memories(self, count: usize, flags: u8) -> Self {
        let most: &[u8] = if flags & 1 == 1 { &[1] } else { &[] };
        self.memory_section(count, &[&[flags, 1], most].concat())
    }

    /// With a memory of so many pages.
    #[must_use]
    pub fn memory(self, pages: usize) -> Self {
        self.memory_section(1, &[&[0], number(pages).as_slice()].concat())
    }

    fn memory_section(mut self, count: usize, memory: &[u8]) -> Self {
        self.0
            .extend(section(5, &[number(count), memory.repeat(count)].concat()));
        self
    }

    /// With so many bytes of data in its memory.
    #[must_use]
    pub fn data(mut self, bytes: usize) -> Self {
        let data = [b"\x01\0\x41\0\x0b".as_slice(), &vector(&vec![0x55; bytes])].concat();
        self.0.extend(section(11, &data));
        self
    }
}

fn section(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind], vector(content).as_slice()].concat()
}

fn vector(content: &[u8]) -> Vec<u8> {
    [number(content.len()).as_slice(), content].concat()
}

/// LEB128.
fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn read_number(bytes: &[u8]) -> (usize, &[u8]) {
    let (mut value, mut shift) = (0, 0);
    for (place, byte) in bytes.iter().enumerate() {
        value |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return (value, bytes.get(place + 1..).unwrap_or_default());
        }
    }
    (value, &[])
}
