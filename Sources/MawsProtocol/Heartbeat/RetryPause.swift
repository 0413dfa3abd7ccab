/// How long a server or trainer that lost the coordinator waits between two tries: a restart takes a second or two, and
/// nothing goes on before both sides are there; an absence may take hours, and nobody is to be called all that time.
package enum RetryPause {
    /// 0.25 s at first, 0.5 s for ten seconds, then doubling up to 4 s.
    ///
    /// - Parameter tries: that failed since the coordinator was last there.
    package static func seconds(tries: Int) -> Double {
        switch tries {
        case ...1: 0.25
        case ...20: 0.5
        default: min(4, Double(1 << min(tries - 21, 2)))
        }
    }
}
