using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace FedPlatform.Web.Scheduling;

/// <summary>Tells a process from a later one that got the same id.</summary>
public static class ProcessIdentity
{
    private const string BootId = "/proc/sys/kernel/random/boot_id";

    /// <summary>Boot and start time of a live process; null when there is none of that id.</summary>
    public static string? Of(int processId)
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                // The name, field 2, may hold spaces and parentheses: count from its last ")". The start is field 22.
                var stat = File.ReadAllText($"/proc/{processId}/stat");
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                return fields[0] == "Z" ? null : $"{File.ReadAllText(BootId).Trim()}:{fields[19]}";
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }

        try
        {
            using var process = Process.GetProcessById(processId);
            return process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Kills exactly this process; true when it lived.</summary>
    public static bool Kill(int processId, string identity)
    {
        if (Of(processId) != identity)
        {
            return false;
        }

        try
        {
            using var process = Process.GetProcessById(processId);
            process.Kill(entireProcessTree: true);
            process.WaitForExit(TimeSpan.FromSeconds(5));
            return true;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Resident bytes, or null.</summary>
    public static long? Memory(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return process.WorkingSet64;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }
}
