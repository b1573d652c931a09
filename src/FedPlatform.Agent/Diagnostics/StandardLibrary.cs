using System.Diagnostics;
using System.Text;

namespace FedPlatform.Agent.Diagnostics;

/// <summary>
/// TorchSharp's binding asks for GLIBCXX_3.4.32, which Debian 12 and Ubuntu 22.04 lack; the build marks that need weak. This tells
/// which libstdc++ the process really runs with.
/// </summary>
internal static class StandardLibrary
{
    private const int Wanted = 32;

    /// <summary>A sentence about the loaded libstdc++, or null where there is none. Call it once torch is loaded.</summary>
    public static string? Describe()
    {
        if (!OperatingSystem.IsLinux()) return null;
        using Process self = Process.GetCurrentProcess();
        string? path = self.Modules.Cast<ProcessModule>().Select(m => m.FileName).FirstOrDefault(f => Path.GetFileName(f).StartsWith("libstdc++.so", StringComparison.Ordinal));
        if (path is null) return null;
        int newest = Newest(File.ReadAllBytes(path));
        return newest >= Wanted
            ? $"{path} offers GLIBCXX_3.4.{newest}; TorchSharp asks for 3.4.{Wanted}"
            : $"{path} offers GLIBCXX_3.4.{newest}; TorchSharp asks for 3.4.{Wanted}, which the build marked as not needed";
    }

    internal static int Newest(ReadOnlySpan<byte> library)
    {
        ReadOnlySpan<byte> name = "GLIBCXX_3.4."u8;
        int newest = 0;
        for (int at; (at = library.IndexOf(name)) >= 0; library = library[(at + name.Length)..])
        {
            ReadOnlySpan<byte> rest = library[(at + name.Length)..];
            int digits = 0;
            while (digits < Math.Min(rest.Length, 3) && rest[digits] is >= (byte)'0' and <= (byte)'9') digits++;
            if (digits > 0) newest = Math.Max(newest, int.Parse(Encoding.ASCII.GetString(rest[..digits])));
        }

        return newest;
    }
}
