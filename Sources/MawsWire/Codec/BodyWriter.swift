/// Appends fields to a message body: little-endian numbers, strings and arrays behind a 32-bit count.
struct BodyWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func append(_ number: some FixedWidthInteger) {
        for shift in stride(from: 0, to: number.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    mutating func write(_ value: some WireValue) { value.write(to: &self) }

    /// One after the other.
    mutating func write<each Value: WireValue>(all values: repeat each Value) {
        repeat (each values).write(to: &self)
    }

    mutating func writeBytes(_ content: some Collection<UInt8>) {
        write(UInt32(content.count))
        bytes.append(contentsOf: content)
    }

    mutating func writeArray(_ elements: [some WireValue]) {
        write(UInt32(elements.count))
        for element in elements { write(element) }
    }
}
