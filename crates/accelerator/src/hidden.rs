//! Owns which characters act on the text around them instead of being seen. Escapes nothing.

/// Returns whether a character acts on what is around it instead of being seen.
///
/// These are C0, DEL and C1 (ISO/IEC 6429), the line and paragraph separators, the bidirectional
/// controls (Unicode Standard Annex #9), interlinear annotation, and the code points with the
/// property `Default_Ignorable_Code_Point`, which a terminal may draw as nothing at all.
///
/// ```
/// assert!(accelerator::is_hidden('\u{202e}') && !accelerator::is_hidden('é'));
/// ```
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}
