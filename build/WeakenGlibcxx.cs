using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Copies a 64-bit ELF library and marks its need of one symbol version weak (VER_FLG_WEAK in .gnu.version_r), so that
/// a libstdc++ without that version still loads it. GLIBCXX_3.4.32 carries a single marker symbol that is never called.
/// A file that is no 64-bit ELF, or does not ask for the version, is copied unchanged.
/// </summary>
public class WeakenGlibcxx : Task
{
    private const uint GnuVersionNeeds = 0x6ffffffe;
    private const byte WeakFlag = 2;

    [Required] public string Source { get; set; }
    [Required] public string Destination { get; set; }
    [Required] public string SymbolVersion { get; set; }

    public override bool Execute()
    {
        byte[] elf = File.ReadAllBytes(Source);
        if (elf.Length > 0x40 && elf[0] == 0x7f && elf[1] == (byte)'E' && elf[4] == 2)
        {
            Weaken(elf);
        }

        // The destination may be a hard link into the package cache: never write through it.
        if (!string.Equals(Path.GetFullPath(Source), Path.GetFullPath(Destination), StringComparison.Ordinal)) File.Delete(Destination);
        string temporary = Destination + "." + Guid.NewGuid().ToString("N");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(Destination)));
        File.WriteAllBytes(temporary, elf);
        File.Delete(Destination);
        File.Move(temporary, Destination);
        return true;
    }

    private void Weaken(byte[] elf)
    {
        int sections = (int)BitConverter.ToInt64(elf, 0x28), size = BitConverter.ToUInt16(elf, 0x3a), count = BitConverter.ToUInt16(elf, 0x3c);
        for (int i = 0; i < count; i++)
        {
            int section = sections + i * size;
            if (BitConverter.ToUInt32(elf, section + 4) != GnuVersionNeeds) continue;

            int strings = (int)BitConverter.ToInt64(elf, sections + BitConverter.ToInt32(elf, section + 0x28) * size + 0x18);
            int need = (int)BitConverter.ToInt64(elf, section + 0x18), needs = BitConverter.ToInt32(elf, section + 0x2c);
            for (int n = 0; n < needs; n++, need += BitConverter.ToInt32(elf, need + 12))
            {
                int entry = need + BitConverter.ToInt32(elf, need + 8), entries = BitConverter.ToUInt16(elf, need + 2);
                for (int e = 0; e < entries; e++, entry += BitConverter.ToInt32(elf, entry + 12))
                {
                    int name = strings + BitConverter.ToInt32(elf, entry + 8), end = Array.IndexOf(elf, (byte)0, name);
                    if (Encoding.ASCII.GetString(elf, name, end - name) == SymbolVersion) elf[entry + 4] |= WeakFlag;
                }
            }
        }
    }
}
