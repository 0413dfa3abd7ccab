import MawsBase

/// Where tensors lie in one safetensors file: 8 bytes with the header's length, the header (JSON, padded with
/// spaces), then the tensors back to back.
///
/// The header is a function of names and shapes alone, so a reader makes it again and compares; nothing is parsed.
struct SafetensorsLayout: Sendable {
    enum ElementType: String, Sendable {
        case fp32 = "F32"
        case bf16 = "BF16"
        case uint8 = "U8"

        var byteCount: Int { self == .fp32 ? 4 : self == .bf16 ? 2 : 1 }
    }

    /// What is stored.
    struct Entry: Sendable {
        let name: String
        let type: ElementType
        let shape: [Int]

        init(_ name: String, _ type: ElementType, _ shape: [Int]) {
            self.name = name
            self.type = type
            self.shape = shape
        }
    }

    struct Tensor: Sendable {
        let name: String
        let type: ElementType
        let shape: [Int]
        /// Bytes in the file.
        let range: Range<Int>
    }

    let tensors: [Tensor]
    /// The first bytes of the file, a multiple of 64 so that a mapped file has aligned tensors.
    let header: [UInt8]
    /// Bytes in the file.
    let size: Int

    /// - Parameter entries: those of wider elements first, so that all are aligned.
    init(_ entries: [Entry]) {
        var fields = ["\"__metadata__\":{\"format\":\"pt\"}"]
        var ends = [0]
        for entry in entries {
            let start = ends[ends.count - 1]
            let end = start + entry.type.byteCount * entry.shape.reduce(1, *)
            let shape = entry.shape.map(String.init).joined(separator: ",")
            let type = entry.type.rawValue
            let content = "{\"dtype\":\"\(type)\",\"shape\":[\(shape)],\"data_offsets\":[\(start),\(end)]}"
            fields.append("\(JSONText.quoted(entry.name)):\(content)")
            ends.append(end)
        }
        var json = Array("{\(fields.joined(separator: ","))}".utf8)
        while (8 + json.count) % 64 != 0 { json.append(UInt8(ascii: " ")) }
        let length = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) }
        let header = length + json
        self.header = header
        tensors = zip(entries, zip(ends, ends.dropFirst())).map { entry, bytes in
            Tensor(
                name: entry.name, type: entry.type, shape: entry.shape,
                range: header.count + bytes.0..<header.count + bytes.1)
        }
        size = header.count + ends[ends.count - 1]
    }
}
