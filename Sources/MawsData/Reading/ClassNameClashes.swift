/// Names that several classes of a file have, so that prompts with them speak for all of these.
package struct ClassNameClashes {
    /// Something that is said of two lines or more.
    package struct Clash {
        package var count: Int
        /// The first of them by name, and the first two lines that have it, counted from 1.
        package var name: String
        package var lines: (Int, Int)

        /// `'crane' on lines 135 and 518`
        package var example: String { "'\(name)' on lines \(lines.0) and \(lines.1)" }
    }

    /// Classes whose names are all those of an earlier one: nothing tells the two apart.
    package private(set) var alike: Clash?
    /// Names that classes share which have others besides; upper and lower case are one.
    package private(set) var shared: Clash?

    /// - Parameter classes: names of each class.
    package init(_ classes: [[String]]) {
        var first: [Set<String>: Int] = [:]
        var others: [(line: Int, names: Set<String>)] = []
        for (line, names) in classes.enumerated() {
            if let earlier = first[Set(names)] {
                Self.count(&alike, names[0], earlier, line)
            } else {
                first[Set(names)] = line
                others.append((line, Set(names.map { $0.lowercased() })))
            }
        }
        var owner: [String: Int] = [:]
        var counted: Set<String> = []
        for (line, names) in others {
            for name in names.sorted() {
                guard let earlier = owner[name] else {
                    owner[name] = line
                    continue
                }
                if counted.insert(name).inserted { Self.count(&shared, name, earlier, line) }
            }
        }
    }

    private static func count(_ clash: inout Clash?, _ name: String, _ earlier: Int, _ line: Int) {
        if clash == nil { clash = Clash(count: 0, name: name, lines: (earlier + 1, line + 1)) }
        clash?.count += 1
    }
}
