/// A name as folders and archives have it: bytes, which need not be UTF-8. Two names are equal when their bytes are.
package struct ByteName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    // Not generic: a tar file's every member gets a name in another module, where a generic one is not specialised.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }

    package init(_ text: String) { bytes = Array(text.utf8) }

    /// For people: bytes that are no UTF-8, and control characters, as `\xE9`.
    package var description: String { Self.text(bytes[...]) }

    package static func < (left: ByteName, right: ByteName) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    package static func / (folder: ByteName, name: ByteName) -> ByteName {
        ByteName(folder.bytes + [UInt8(ascii: "/")] + name.bytes)
    }

    /// Where the last part begins.
    private var baseStart: Int { bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0 }

    /// What is behind the last slash.
    package var base: ByteName { ByteName(bytes[baseStart...]) }

    /// The parts between slashes.
    package var components: [ArraySlice<UInt8>] {
        bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    }

    /// What is behind the last dot of the last part; nil where that has no dot, or none but its first character.
    package var ending: ArraySlice<UInt8>? {
        guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot > baseStart else { return nil }
        return bytes[(dot + 1)...]
    }

    /// The name without its ending and that one's dot.
    package var stem: ByteName { ending.map { ByteName(bytes[..<($0.startIndex - 1)]) } ?? self }

    /// What a system call makes of the name, which it gets in C's form.
    package func withPath(_ call: (UnsafePointer<CChar>) -> Int32) -> Int32 { withPointer(call) }

    /// The name in C's form for the length of a call.
    func withPointer<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("an array of one element has an address") }
            return body(start)
        }
    }

    /// Text of bytes; see `description`.
    package static func text(_ bytes: ArraySlice<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: isControl) {
            return text
        }
        var text = ""
        var rest = bytes
        while let first = rest.first {
            let length = [1, 2, 3, 4].first { String(validating: rest.prefix($0), as: UTF8.self) != nil }
            let scalar = length.flatMap { String(validating: rest.prefix($0), as: UTF8.self)?.unicodeScalars.first }
            if let scalar, let length, !isControl(scalar) {
                text.unicodeScalars.append(scalar)
                rest = rest.dropFirst(length)
            } else {
                text += "\\x" + hexadecimal(first).uppercased()
                rest = rest.dropFirst()
            }
        }
        return text
    }

    /// What moves the cursor, ends a line or turns the direction of writing.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
