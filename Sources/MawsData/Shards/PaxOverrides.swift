import MawsDataFiles

/// What a GNU long name or pax records say about the next entry.
struct PaxOverrides {
    /// What a long name or the record `path` says.
    var path: ByteName?
    var size: UInt64?
    /// The entry's data are a map of holes and what lies between them.
    private(set) var isSparse = false
    /// The name of a sparse entry, whose path may be one that tar made up.
    private var sparseName: ByteName?

    var name: ByteName? { sparseName ?? path }
    var isEmpty: Bool { name == nil && size == nil && !isSparse }

    /// pax records: `length key=value\n`, the length counting the whole record.
    mutating func read(_ data: [UInt8]) throws(TarProblem) {
        var rest = data[...]
        while !rest.isEmpty {
            guard let blank = rest.firstIndex(of: 32), let length = Self.number(rest[..<blank]),
                length > UInt64(blank - rest.startIndex), length <= UInt64(rest.count)
            else { throw .extendedRecord }
            let end = rest.startIndex + Int(length)
            let record = rest[blank + 1..<end]
            guard record.last == 10, let equals = record.firstIndex(of: 61) else { throw .extendedRecord }
            try set(record[..<equals], record[(equals + 1)...].dropLast())
            rest = rest[end...]
        }
    }

    private mutating func set(_ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) throws(TarProblem) {
        if key.elementsEqual("path".utf8) {
            path = TarHeader.name(value)
        } else if key.elementsEqual("size".utf8) {
            guard let number = Self.number(value) else { throw .size }
            size = number
        } else if key.starts(with: "GNU.sparse.".utf8) {
            isSparse = true
            if key.elementsEqual("GNU.sparse.name".utf8) { sparseName = TarHeader.name(value) }
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        UInt64(String(decoding: digits, as: UTF8.self))
    }
}
