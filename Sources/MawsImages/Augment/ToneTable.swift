/// Tables that stretch a channel's values, from how often each occurs (Pillow's `ImageOps`).
enum ToneTable {
    static let unchanged: [UInt8] = (0...255).map { $0 }

    /// The darkest value becomes 0, the lightest 255.
    static func autoContrast(_ counts: [Int]) -> [UInt8] {
        guard let low = counts.firstIndex(where: { $0 > 0 }), let high = counts.lastIndex(where: { $0 > 0 }),
            high > low
        else { return unchanged }
        let scale = 255 / Double(high - low)
        let offset = -Double(low) * scale
        return (0..<256).map { UInt8(max(0, min(255, Double($0) * scale + offset))) }
    }

    /// All values become equally frequent, as nearly as that goes.
    static func equalize(_ counts: [Int]) -> [UInt8] {
        let present = counts.filter { $0 > 0 }
        guard present.count > 1, let last = present.last else { return unchanged }
        let step = (present.reduce(0, +) - last) / 255
        guard step > 0 else { return unchanged }
        var passed = step / 2
        return counts.map { count in
            defer { passed += count }
            return UInt8(min(255, passed / step))
        }
    }
}
